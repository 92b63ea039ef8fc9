"""`check-broker` asks over a real socket, orders nothing, and says in one line what is wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blocks.settings.variables import FIELD_OF
from flows.__main__ import main
from tests.servers.alpaca_broker import KEYS, AlpacaBroker, Said, refuses

ASSET = {
    "symbol": "AAPL", "status": "active", "tradable": True, "shortable": True,
    "easy_to_borrow": True, "fractionable": True,
}  # fmt: skip


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AlpacaBroker]:
    for name in FIELD_OF:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    alpaca = AlpacaBroker()
    alpaca.assets = {"AAPL": ASSET, "MSFT": ASSET | {"symbol": "MSFT", "shortable": False}}
    with alpaca.running():
        settings = {
            "BROKER_TYPE": "alpaca", "ALPACA_API_KEY": KEYS[0], "ALPACA_SECRET_KEY": KEYS[1],
            "ALPACA_BASE_URL": alpaca.url, "SYMBOLS": "AAPL,MSFT",
        }  # fmt: skip
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield alpaca


def test_it_shows_the_account_and_what_may_be_traded_and_changes_nothing(
    broker: AlpacaBroker, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["check-broker"]) == 0
    shown = capsys.readouterr().out
    assert f"Alpaca paper, account ...1234, at {broker.url}" in shown
    assert "equity 100,250.50 USD, cash 100,000.00, buying power 400,000.00" in shown
    assert "warning: Alpaca paper lends no MSFT to sell short" in shown
    assert "may be entered: AAPL, MSFT" in shown
    assert "PA3ABCD1234" not in shown
    assert KEYS[1] not in shown
    assert {asked.method for asked in broker.asked} == {"GET"}
    assert not (tmp_path / "data").exists()


def test_a_clock_that_is_off_by_minutes_is_said_and_the_day_of_a_double_is_its_own(
    broker: AlpacaBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = datetime.now(UTC) - timedelta(minutes=5)
    said = Said(200, {"timestamp": theirs.isoformat(), "is_open": True})
    for _ in range(2):
        broker.script("GET", "/v2/clock", said)
    assert main(["check-broker", "--symbols", "AAPL"]) == 1
    assert "nothing is entered: this machine's clock is 3" in capsys.readouterr().out
    assert main(["check-broker", "--symbols", "AAPL"]) == 0


def test_at_a_double_without_a_clock_all_else_is_said(
    broker: AlpacaBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.script("GET", "/v2/clock", Said(404, {"message": "endpoint not found."}))
    assert main(["check-broker", "--symbols", "AAPL"]) == 0
    shown = capsys.readouterr().out
    assert "does not say what time it is: it has no /clock. Compare this machine's clock" in shown
    assert "may be entered: AAPL" in shown


def test_what_is_not_entered_is_said_with_its_reason_and_an_exit_code(
    broker: AlpacaBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-broker", "--symbols", "AAPL,NOPE"]) == 1
    shown = capsys.readouterr().out
    assert "NOPE is not entered: Alpaca paper does not trade NOPE, or does not know it" in shown
    broker.account["trading_blocked"] = True
    assert main(["check-broker"]) == 1
    assert "nothing is entered: alpaca has blocked trading" in capsys.readouterr().out
    broker.account |= {"trading_blocked": False, "shorting_enabled": False, "multiplier": "1"}
    assert main(["check-broker"]) == 0
    assert "lends this account nothing to sell short" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (refuses(401, 40110000, "request is not authorized"), "refuses the keys for paper trading"),
        (Said(403, {"message": "forbidden."}), "refuses the keys for paper trading"),
        (Said(200, text="<html><body>Maintenance</body></html>"), "alpaca"),
        (Said(503, text="<html>busy</html>"), "alpaca does not say what it was asked"),
        (Said(200, {"equity": "a lot"}), "alpaca"),
        (Said(0), "alpaca did not answer: the connection broke"),
    ],
)
def test_an_answer_that_is_of_no_use_is_one_line(
    answer: Said, complaint: str, broker: AlpacaBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    # A question is asked again before it is given up.
    broker.script("GET", "/v2/account", *[answer] * 10)
    assert main(["check-broker"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert complaint in said
    assert said.count("\n") == 1
    assert "Maintenance" not in said
    assert KEYS[1] not in said


def test_a_line_that_is_down_and_a_broker_that_is_not_asked_for_are_one_line(
    broker: AlpacaBroker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setenv("ALPACA_BASE_URL", address)
    assert main(["check-broker"]) == 2
    assert "alpaca did not answer: no connection" in capsys.readouterr().err
    monkeypatch.setenv("BROKER_TYPE", "mock")
    monkeypatch.setenv("ALPACA_FEED", "iex")
    assert main(["check-broker"]) == 2
    assert "BROKER_TYPE is mock, and no broker is asked" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "check-broker"])
def test_wrong_keys_end_a_run_and_a_check_in_the_same_words(
    command: str,
    broker: AlpacaBroker,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("ALPACA_SECRET_KEY", "another-secret")
    replay = ["--replay", "2025-06-10", "--speed", "1000", "--data-dir", str(tmp_path / "d")]
    assert main([command, *(replay if command == "run" else [])]) == 2
    said = capsys.readouterr().err
    assert "error: alpaca refuses the keys for paper trading (HTTP 401)" in said
    assert "another-secret" not in said
