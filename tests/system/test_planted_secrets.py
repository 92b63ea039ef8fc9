"""Secrets are planted, everything that uses them fails, and they are looked for everywhere."""

from __future__ import annotations

import base64
import os
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from deployments.processes.home import REPOSITORY, Home
from deployments.server.prefect_api import PrefectApi
from deployments.server.server import known_server
from tests.process.api.conftest import free_port
from tests.servers.discord_server import TOKEN, DiscordServer, Fault
from tests.system.conftest import BY_THEMSELVES, FEW_UPCOMING_RUNS, MakeHome, pause
from tests.system.patience import connect, wait_for
from tests.system.test_supervisor import processes_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(590)]
ACCOUNT_KEY = base64.b64encode(b"planted-azure-account-key-of-32-bytes").decode()
SECRETS = {
    "discord": TOKEN,
    "finnhub": "plantedfinnhubkey0a1b2c3d4e",
    "alpaca id": "PKPLANTEDALPACAKEYID",
    "alpaca": "PlantedAlpacaSecret0a1b2c3d4e5f6a7b8c9d",
    "aws id": "AKIAPLANTEDKEYID",
    "aws": "PlantedAwsSecret/0a1b2c3d4e5f6a7b8c9d",
    "azure": ACCOUNT_KEY,
    "prefect": "admin:planted-prefect-password",
    "proxy": "planted-proxy-password",
}
# Seven bars are quickly replayed.
SESSION = {
    "replay": "2025-06-10",
    "market": "simulated",
    "interval_minutes": 60,
    "strategy": {"strategy": "orb", "range_minutes": 60},
}
KINDS = ("flow_runs", "task_runs", "logs", "artifacts", "deployments", "block_documents", "flows")


def forms(secret: str) -> list[bytes]:
    """Return a secret as it can turn up: as it is, in a URL, and in a header."""
    return [
        secret.encode(),
        quote(secret, safe="").encode(),
        base64.b64encode(secret.encode()),
    ]


FORMS = {name: forms(secret) for name, secret in SECRETS.items()}


def found_in(content: bytes) -> list[str]:
    return [name for name, written in FORMS.items() if any(form in content for form in written)]


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Return an environment full of secrets, in which nothing that they open is there."""
    gone = free_port()
    with DiscordServer().running() as discord:
        discord.always = Fault(status=401, body={"message": "401: Unauthorized", "code": 0})
        yield {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")} | {
            "DISCORD_WEBHOOK_URL": discord.url,
            "FINNHUB_API_KEY": SECRETS["finnhub"],
            "ALPACA_API_KEY": SECRETS["alpaca id"],
            "ALPACA_SECRET_KEY": SECRETS["alpaca"],
            "ALPACA_FEED": "iex",
            "ENABLE_CLOUD_SYNC": "true",
            "CLOUD_PROVIDER": "aws",
            "CLOUD_CONTAINER": "openbell-copies",
            "AWS_ACCESS_KEY_ID": SECRETS["aws id"],
            "AWS_SECRET_ACCESS_KEY": SECRETS["aws"],
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{gone}",
            "AZURE_STORAGE_CONNECTION_STRING": (
                "DefaultEndpointsProtocol=http;AccountName=planted;"
                f"AccountKey={ACCOUNT_KEY};BlobEndpoint=http://127.0.0.1:{gone}/planted;"
            ),
            "PREFECT_SERVER_API_AUTH_STRING": SECRETS["prefect"],
            "HTTPS_PROXY": f"http://user:{SECRETS['proxy']}@127.0.0.1:{gone}",
            "NO_PROXY": "127.0.0.1",
            "HEALTH_CHECK_PORT": str(free_port()),
            "LOG_LEVEL": "DEBUG",
            **FEW_UPCOMING_RUNS,
        }


def all_rows(api: PrefectApi, kind: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while page := api._call("POST", f"{kind}/filter", {"offset": len(rows), "limit": 200}):
        rows += page
    return rows


def cells(database: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each value of each table, with where it is."""
    with sqlite3.connect(database) as connection:
        connection.text_factory = bytes
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            name = table.decode()
            rows = connection.execute(f'SELECT * FROM "{name}"')
            columns = [column[0] for column in rows.description]
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    yield f"{name}.{column}", value if isinstance(value, bytes) else b""


def test_a_planted_secret_is_nowhere(
    environment: dict[str, str],
    make_home: MakeHome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", SECRETS["prefect"])
    data_dir = make_home(tmp_path / "data").data_dir
    log = tmp_path / "up.log"
    with log.open("w") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "deployments", "up", "--data-dir", str(data_dir)],
            cwd=REPOSITORY, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_for(lambda: "Openbell is up" in log.read_text() or up.poll() is not None, 200)
        assert up.poll() is None, log.read_text()
        api = connect(data_dir)
        server = known_server(Home(data_dir))
        assert server is not None
        pause(server, *BY_THEMSELVES)
        # The search finds them where they are.
        assert found_in(Path(f"/proc/{up.pid}/environ").read_bytes()) == list(SECRETS)
        session = api.start_run("trade-session/paper", {**SESSION, "data_dir": str(data_dir)})
        history = api.start_run("fetch-history/after-each-session", {"days": 3})
        ledger = data_dir / "replay" / "ledger.duckdb"
        wait_for(ledger.exists)
        copied = api.start_run("sync/hourly", {"account": "replay"})
        looked = api.start_run("health/every-5-minutes", {"account": "replay"})

        def ended(run_id: str) -> Any:
            return wait_for(lambda: (now := api.read_run(run_id)).is_final and now, 400)

        assert ended(copied.id).state_type == "FAILED"
        assert ended(history.id).state_type == "FAILED"
        # The first of the chain, whose keys are planted.
        assert "the connection to alpaca failed" in ended(history.id).message
        assert ended(looked.id).is_final
        # The copy at its end is refused too, which does not undo a session.
        assert ended(session.id).state_type == "COMPLETED"
        by_hand = subprocess.run(
            [
                *(sys.executable, "-m", "flows", "sync", "--data-dir", str(data_dir)),
                *("--account", "replay"),
            ],
            cwd=REPOSITORY, env=environment | {"CLOUD_PROVIDER": "azure"},
            capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        assert by_hand.returncode == 2
        assert b"\n" not in by_hand.stderr.strip()

        answers = {kind: all_rows(api, kind) for kind in KINDS}
        for kind, rows in answers.items():
            assert rows, kind
            assert found_in(repr(rows).encode()) == [], kind
        hooks = [
            block for block in answers["block_documents"]
            if block["block_type"]["slug"] == "openbell-discord-webhook"
        ]  # fmt: skip
        assert len(hooks) == 1
    finally:
        up.send_signal(signal.SIGTERM)
        code = up.wait(120)
    assert code == 0
    assert processes_of(data_dir) == {}
    assert found_in(log.read_bytes() + by_hand.stdout + by_hand.stderr) == []

    # Before the database is opened, which makes files beside it that go when it is closed.
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert data_dir / "logs" / "openbell.jsonl" in files
    assert [(path, found) for path in files if (found := found_in(path.read_bytes()))] == []

    database = data_dir / "prefect" / "prefect.db"
    by_place: dict[str, list[bytes]] = defaultdict(list)
    for place, value in cells(database):
        by_place[place].append(value)
    assert "block_document.data" in by_place
    # A column at a time: looking at each value by itself takes longer than the session.
    columns = ((place, b"\0".join(values)) for place, values in by_place.items())
    assert [(place, found) for place, content in columns if (found := found_in(content))] == []
