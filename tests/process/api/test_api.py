"""The API's answers are the ledger's numbers, and it says so when it cannot have them."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.__main__ import listen
from blocks.ledger.ledger import DuckDBLedger
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.log_lines import LogStore
from tests.process.api.conftest import REPOSITORY, Start, free_port
from tests.terminal import flows
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS

TOKEN = "letters-and-digits-4711"
SECRET = "planted-secret-0815"
PATHS = (
    "/health/live", "/health/ready", "/health/startup", "/health/state", "/metrics",
    "/api/account", "/api/positions", "/api/orders", "/api/signals", "/api/trades",
    "/api/metrics/performance", "/api/metrics/trade/pnl_usd", "/api/logs", "/api/health",
)  # fmt: skip


OF_THE_LEDGER = (
    "/api/account", "/api/positions", "/api/orders", "/api/signals", "/api/trades",
    "/api/metrics/performance",
)  # fmt: skip


def get(url: str, **query: Any) -> httpx.Response:
    return httpx.get(url, params=query, timeout=120)


def metrics_of(url: str) -> dict[str, float]:
    text = get(f"{url}/metrics").text
    return {
        sample.name + (str(sorted(sample.labels.items())) if sample.labels else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def data_dir(traded: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(traded, folder)
    return folder


def test_the_numbers_are_the_ledgers(traded: Path, served: str) -> None:
    ledger = DuckDBLedger(traded, "replay")
    rows = ledger.query("SELECT * FROM trades ORDER BY session DESC, exit_time DESC, number DESC")
    (last,) = ledger.query("SELECT ts, equity FROM equity ORDER BY ts DESC LIMIT 1")
    equity = float(last["equity"])
    account = get(f"{served}/api/account").json()
    assert account["equity"] == account["cash"] == account["buying_power"] == equity
    assert account["realized_pnl"] == pytest.approx(sum(float(row["pnl"]) for row in rows))
    assert account["last_bar"] == last["ts"].isoformat()
    trades = get(f"{served}/api/trades").json()
    assert [(t["symbol"], t["pnl"], t["exit_price"]) for t in trades] == [
        (row["symbol"], float(row["pnl"]), float(row["exit_price"])) for row in rows
    ]
    assert get(f"{served}/api/orders").json() == []
    every = get(f"{served}/api/orders", live=False, limit=1000).json()
    assert [order["client_order_id"] for order in every] == [
        row["client_order_id"]
        for row in ledger.query("SELECT * FROM orders ORDER BY session DESC, client_order_id")
    ]
    (signal,) = get(f"{served}/api/signals", symbol="aapl", limit=1).json()
    (said,) = ledger.query(
        "SELECT bar, reason FROM decisions WHERE symbol = 'AAPL' ORDER BY bar DESC LIMIT 1"
    )
    assert (signal["bar"], signal["reason"]) == (said["bar"].isoformat(), said["reason"])
    seen = metrics_of(served)
    assert seen["openbell_equity_usd"] == equity
    assert seen["openbell_trades"] == len(rows)
    assert seen["openbell_last_bar_timestamp_seconds"] == last["ts"].timestamp()
    assert seen["openbell_ledger_readable"] == 1
    assert seen["openbell_health[('component', 'all')]"] == 0
    figures = get(f"{served}/api/metrics/performance").json()
    assert figures["trades"] == len(rows)
    assert figures["total_return"] == pytest.approx(equity / 10_000 - 1)
    assert figures["sessions"] == 2
    # Two sessions say nothing of risk, and nothing is what it answers.
    assert figures["sharpe"] is None
    assert figures["sessions_needed_for_ratios"] == FEWEST_SESSIONS_FOR_RATIOS


def test_a_period_of_a_day_is_the_last_session(traded: Path, served: str) -> None:
    ledger = DuckDBLedger(traded, "replay")
    (last,) = ledger.query(
        "SELECT sum(pnl) AS pnl, count(*) AS count FROM trades WHERE session = '2025-06-11'"
    )
    figures = get(f"{served}/api/metrics/performance", period="day").json()
    assert figures["sessions"] == 1
    assert figures["trades"] == last["count"]
    assert figures["total_pnl"] == pytest.approx(float(last["pnl"]))
    change = figures["final_equity"] - figures["initial_equity"]
    assert change == pytest.approx(float(last["pnl"]))
    assert get(f"{served}/api/metrics/performance", period="decade").status_code == 422


def test_trades_are_given_in_pages_by_symbol_and_by_status(served: str) -> None:
    url = f"{served}/api/trades"
    every = get(url).json()
    assert get(url, limit=2, offset=1).json() == every[1:3]
    assert {t["symbol"] for t in get(url, symbol="aapl").json()} == {"AAPL"}
    assert get(url, status="open").json() == []
    assert get(url, status="closed").json() == every
    for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}, {"status": "maybe"}):
        assert get(url, **wrong).status_code == 422
    assert get(url, limit=1000).status_code == 200


def test_metrics_are_summed_up(traded: Path, served: str) -> None:
    ledger = DuckDBLedger(traded, "replay")
    (row,) = ledger.query("SELECT sum(pnl) AS pnl, count(*) AS count FROM trades")
    url = f"{served}/api/metrics/trade/pnl_usd"
    earned = get(url).json()
    assert earned["value"] == pytest.approx(float(row["pnl"]))
    assert earned["count"] == row["count"]
    assert get(url, aggregation="count").json()["value"] == row["count"]
    assert get(url, start_time="2100-01-01T00:00:00Z").json()["value"] is None
    assert get(url, start_time="2025-06-10T00:00:00").status_code == 422
    assert get(f"{served}/api/metrics/rumour/pnl_usd").status_code == 422


def test_log_lines_are_found_by_level_part_time_and_word(data_dir: Path, start: Start) -> None:
    store, at = LogStore(telemetry_file(data_dir, "replay")), datetime(2025, 6, 10, 15, tzinfo=UTC)
    store.insert_log("ERROR", "openbell.session", f"Yahoo refused {SECRET}", at, symbol="AAPL")
    store.insert_log("INFO", "openbell.desk", "all is well", at)
    url = f"{start('--data-dir', str(data_dir), FINNHUB_API_KEY=SECRET)}/api/logs"
    (line,) = get(url, least="warning", logger="session", search="YAHOO").json()
    assert line == {
        "time": "2025-06-10T15:00:00+00:00", "level": "ERROR", "logger": "openbell.session",
        "message": "Yahoo refused ********", "context": {"symbol": "AAPL"},
    }  # fmt: skip
    # The session of the folder may have told what it does.
    told = get(url, level="INFO", logger="openbell.desk").json()
    assert [line["message"] for line in told] == ["all is well"]
    assert get(url, end_time="2020-01-01T00:00:00Z").json() == []
    for wrong in ({"least": "LOUD"}, {"limit": 0}, {"start_time": "2025-06-10T00:00:00"}):
        assert get(url, **wrong).status_code == 422


def test_an_open_position_is_shown_with_its_worth(data_dir: Path, start: Start) -> None:
    ledger = DuckDBLedger(data_dir, "replay")
    with ledger.changing() as connection:
        connection.execute(
            "INSERT INTO positions VALUES ('AAPL', -4, now(), 100.0, 90.0, 110.0, 80.0, '')"
        )
    url = start("--data-dir", str(data_dir))
    (position,) = get(f"{url}/api/positions").json()
    assert (position["quantity"], position["market_value"]) == (-4, -360.0)
    assert position["unrealized_pnl"] == 40.0
    account = get(f"{url}/api/account").json()
    assert account["cash"] == pytest.approx(account["equity"] + 360.0)
    assert account["buying_power"] == pytest.approx(account["equity"] - 360.0)
    (trade,) = get(f"{url}/api/trades", status="open").json()
    assert (trade["symbol"], trade["side"], trade["pnl"]) == ("AAPL", "short", None)
    assert metrics_of(url)["openbell_position_shares[('symbol', 'AAPL')]"] == -4


def test_a_halt_shows_everywhere(data_dir: Path, start: Start) -> None:
    DuckDBLedger(data_dir, "replay").add_command("halt", "news", datetime.now(UTC))
    url = start("--data-dir", str(data_dir))
    assert metrics_of(url)["openbell_halted"] == 1
    assert get(f"{url}/api/account").json()["halt"]["reason"] == "news"
    state = get(f"{url}/health/state").json()
    assert state["status"] == "degraded"
    assert "halt" in state["reasons"][0]
    # Halted is no reason to take the process away.
    assert get(f"{url}/health/ready").status_code == 200


def test_a_ledger_that_cannot_be_read_is_not_ready_and_alive(data_dir: Path, start: Start) -> None:
    (data_dir / "replay" / "ledger.duckdb").write_bytes(b"rubbish" * 5000)
    url = start("--data-dir", str(data_dir))
    assert get(f"{url}/health/live").status_code == 200
    ready = get(f"{url}/health/ready")
    assert ready.status_code == 503
    assert ready.json()["reasons"][0].startswith("ledger: store")
    assert metrics_of(url)["openbell_ledger_readable"] == 0
    for path in OF_THE_LEDGER:
        answer = get(url + path)
        assert answer.status_code == 503
        assert "\n" not in answer.json()["error"]


def test_a_folder_without_accounts_has_none_and_stays_empty(tmp_path: Path, start: Start) -> None:
    url = start("--data-dir", str(tmp_path))
    assert get(f"{url}/api/account").status_code == 404
    # Before its first session there is nothing to be ill.
    ready = get(f"{url}/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert get(f"{url}/health/startup").status_code == 200
    assert [path.name for path in tmp_path.iterdir()] in ([], ["logs"])
    absent = start("--data-dir", str(tmp_path / "absent"))
    assert get(f"{absent}/health/startup").status_code == 503
    assert not (tmp_path / "absent").exists()


def test_no_other_web_page_may_read_it_unless_it_is_named(
    traded: Path, served: str, start: Start
) -> None:
    origin = {"Origin": "https://page.example"}
    answer = httpx.get(f"{served}/health/live", headers=origin, timeout=20)
    assert "access-control-allow-origin" not in answer.headers
    named = start("--data-dir", str(traded), API_CORS_ORIGINS="https://page.example")
    answer = httpx.get(f"{named}/health/live", headers=origin, timeout=20)
    assert answer.headers["access-control-allow-origin"] == "https://page.example"


def test_only_who_calls_it_by_a_name_of_its_own_is_answered(
    traded: Path, served: str, start: Start
) -> None:
    port = httpx.URL(served).port
    for name, status in (("localhost", 200), ("rebound.example", 403), ("trader.lan", 403)):
        answer = httpx.get(f"{served}/api/account", headers={"Host": f"{name}:{port}"}, timeout=20)
        assert answer.status_code == status, name
    named = start("--data-dir", str(traded), ALLOWED_HOSTS="trader.lan")
    answer = httpx.get(f"{named}/api/account", headers={"Host": "trader.lan:8085"}, timeout=20)
    assert answer.status_code == 200


def test_with_a_token_nothing_is_read_without_it(traded: Path, start: Start) -> None:
    url = start("--data-dir", str(traded), API_TOKEN=TOKEN)
    assert get(f"{url}/health/live").json()["status"] == "alive"
    # A wrong token waits for its answer.
    wrong = ("Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xe9", TOKEN)
    for path in PATHS[1:] + ("/nowhere", "//health/live", "/health/live/"):
        for given in (None, *(wrong if path == "/api/account" else ())):
            headers = {} if given is None else {"Authorization": given.encode("latin-1")}
            answer = httpx.get(url + path, headers=headers, timeout=20)
            assert (answer.status_code, "equity" in answer.text) == (401, False), (path, given)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.get(f"{url}/api/account", headers=bearer, timeout=20).json()["equity"]
    assert httpx.get(f"{url}/metrics", headers=bearer, timeout=20).status_code == 200


def test_beyond_this_machine_it_listens_with_a_token_alone(traded: Path, start: Start) -> None:
    url = start("--data-dir", str(traded), API_HOST="0.0.0.0", API_TOKEN=TOKEN)
    assert get(f"{url.replace('0.0.0.0', '127.0.0.1')}/health/state").status_code == 401


def test_nothing_can_be_changed(served: str) -> None:
    for path in PATHS:
        for method in ("POST", "PUT", "DELETE"):
            assert httpx.request(method, served + path, timeout=20).status_code == 405


def test_a_secret_is_in_no_answer_and_no_log(data_dir: Path, start: Start) -> None:
    ledger = DuckDBLedger(data_dir, "replay")
    ledger.add_command("halt", f"key {SECRET} was stolen", datetime.now(UTC))
    url = start(
        *("--data-dir", str(data_dir)),
        FINNHUB_API_KEY=SECRET,
        DISCORD_WEBHOOK_URL=f"https://discord.com/api/webhooks/1/{SECRET}",
        LOG_LEVEL="DEBUG",
    )
    for path in PATHS:
        assert SECRET not in get(url + path).text, path
    logs = "".join(path.read_text() for path in (data_dir / "logs").glob("*.jsonl"))
    assert SECRET not in logs


def test_port_and_host_come_from_the_settings_and_arguments_win(traded: Path, start: Start) -> None:
    port = free_port()
    url = start(
        "--data-dir", str(traded), port=None, HEALTH_CHECK_PORT=str(port), ENVIRONMENT="prod"
    )
    assert url == f"http://127.0.0.1:{port}"
    assert get(f"{url}/health/state").json()["environment"] == "prod"
    other = start(port=0, HEALTH_CHECK_PORT=str(port), DATA_DIR=str(traded), API_HOST="127.0.0.2")
    assert other.startswith("http://127.0.0.2:")
    assert not other.endswith(f":{port}")
    assert get(f"{other}/api/account").json()["account"] == "replay"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--port", "{taken}"), "is in use"),
        (("--host", "192.0.2.1", "--port", "0"), "Set API_TOKEN"),
        (("--host", "0.0.0.0", "--port", "0"), "Set API_TOKEN"),
        (("--port", "70000"), "cannot listen"),
        (("--env-file", "/nowhere/.env"), "No such file"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [
                *(sys.executable, "-m", "api", "--data-dir", str(tmp_path)),
                *(argument.replace("{taken}", port) for argument in arguments),
            ],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_health_of_the_api_and_the_page_are_the_same(traded: Path, served: str) -> None:
    done = flows("show-status", "--json", "--data-dir", traded)
    page = json.loads(done.stdout)["health"]
    state = get(f"{served}/api/health").json()
    assert (page["status"], set(page["components"])) == (state["status"], set(state["components"]))


def test_every_probe_says_when_it_was_asked_for_how_long_it_is_up_and_what_it_looked_at(
    served: str,
) -> None:
    before = datetime.now(UTC)
    for path in ("/api/health", "/health/live", "/health/ready", "/health/startup"):
        answer = get(served + path).json()
        assert before <= datetime.fromisoformat(answer["timestamp"]) <= datetime.now(UTC), path
        assert answer["uptime_seconds"] > 0, path
        assert answer["checks"], path
        assert all(answer["checks"].values()), path
    state = get(f"{served}/health/state").json()
    assert state["checks"].keys() == state["components"].keys()
    for component in state["components"].values():
        assert component.keys() == {"status", "reason", "since", "hint"}
        assert datetime.fromisoformat(component["since"]) <= datetime.now(UTC)


def test_since_when_it_is_so_is_told_alike_by_the_next_api(data_dir: Path, start: Start) -> None:
    def since() -> dict[str, str]:
        state = get(f"{start('--data-dir', str(data_dir))}/health/state").json()
        return {name: found["since"] for name, found in state["components"].items()}

    assert since() == since()


def test_a_small_answer_is_sent_at_once_on_a_connection_that_is_kept() -> None:
    """A probe that keeps its connection would wait 40 ms for each answer otherwise."""
    nodelay: list[int] = []

    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        nodelay.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def ask() -> None:
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        async with await asyncio.start_server(answer, sock=listener):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.read()
            writer.close()

    asyncio.run(ask())
    assert nodelay == [1]
