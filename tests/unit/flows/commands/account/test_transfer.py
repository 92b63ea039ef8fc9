"""Money moves between sessions by a word of the journal, and nobody takes it for a profit."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from api.performance import Period, performance
from blocks.account.status import account_status
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.transfers import EARNED_EQUITY
from blocks.process.stop_request import StopRequest
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.trades import TradeStore
from flows.__main__ import main
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from trading.plan import MOST_CAPITAL

DAY, NEXT_DAY = "2025-06-10", "2025-06-11"


def trade(folder: Path, day: str, stop_after: int = 1_000, capital: float = 10_000.0) -> int:
    should_stop = StopRequest()

    def count(session: object, bar: int, bars: int) -> None:
        should_stop.requested = bar >= stop_after

    asked = SessionRequest(
        PlainParts(folder),
        replay=day,
        symbols=("AAA", "BBB"),
        interval_minutes=60,
        capital=capital,
        # A size that does not depend on the equity.
        settings={"range_minutes": 60, "min_body": -1.0, "max_position_pct": 0.0001},
    )
    return asyncio.run(run_account(asked, should_stop=should_stop, progress=count))


def transfer(folder: Path, amount: str, *options: str) -> int:
    return main(["transfer", "--data-dir", str(folder), "--amount", amount, *options])


def test_money_that_came_or_left_is_there_the_next_day_and_is_no_profit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trade(tmp_path, DAY) == 1
    assert transfer(tmp_path, "500.10", "--note", "from savings") == 0
    assert transfer(tmp_path, "-0.05") == 0
    assert "+500.10 USD for account replay" in capsys.readouterr().out
    assert trade(tmp_path, NEXT_DAY) == 1
    ledger = DuckDBLedger(tmp_path, "replay")
    ends = {
        str(row["session"]): row["equity"]
        for row in ledger.query(
            "SELECT session, last(equity ORDER BY ts) AS equity FROM equity GROUP BY 1"
        )
    }
    earned = sum(float(row["pnl"]) for row in ledger.query("SELECT pnl FROM trades"))
    assert float(ends[NEXT_DAY]) == pytest.approx(10_000.0 + 500.05 + earned)
    rows = ledger.query(f"{EARNED_EQUITY} ORDER BY ts")
    assert float(rows[-1]["equity"]) == pytest.approx(10_000.0 + earned)
    trades = TradeStore(ledger, telemetry_file(tmp_path, "replay"))
    answer = performance(trades, ledger, 10_000.0, Period.ALL)
    assert answer.total_return == pytest.approx(earned / 10_000.0, abs=1e-5)
    assert answer.max_drawdown is not None
    assert answer.max_drawdown > -0.01
    shown = account_status(tmp_path, "replay").transfers
    assert [(row["amount"], row["note"]) for row in shown] == [
        (500.10, "from savings"),
        (-0.05, ""),
    ]
    amounts = ledger.query("SELECT sum(amount) AS total FROM transfers")
    assert amounts == [{"total": Decimal("500.050000")}]


def test_no_more_leaves_than_the_cash_and_nothing_while_a_session_is_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trade(tmp_path, DAY, stop_after=3) == 0
    assert transfer(tmp_path, "500") == 2
    assert f"session {DAY} of account replay is open" in capsys.readouterr().err
    assert trade(tmp_path, DAY) == 1
    # What the session said is no part of the answers.
    capsys.readouterr()
    for amount, words in (
        ("-10000000", "that may leave it"),
        ("0", "no amount of money"),
        ("1e99", "no amount of money"),
        ("nan", "no amount of money"),
        ("1.005", "parts of a cent"),
    ):
        assert transfer(tmp_path, amount) == 2
        told = capsys.readouterr().err.strip()
        assert words in told
        assert "\n" not in told
    ledger = DuckDBLedger(tmp_path, "replay")
    epoch = ledger.acquire_lease()
    assert transfer(tmp_path, "500") == 2
    assert "traded by" in capsys.readouterr().err
    ledger.give_back_lease(epoch)
    assert ledger.query("SELECT * FROM transfers") == []


def test_an_account_that_never_traded_has_its_capital_from_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    DuckDBLedger(tmp_path, "paper").remember("account", "paper")
    assert transfer(tmp_path, "500", "--account", "paper") == 2
    assert "INITIAL_CAPITAL" in capsys.readouterr().err


def test_an_account_never_holds_more_than_its_ledger_can_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    most = f"{MOST_CAPITAL:.0f}"
    assert trade(tmp_path, DAY, capital=MOST_CAPITAL) == 1
    assert transfer(tmp_path, most) == 2
    assert "would hold more than" in capsys.readouterr().err
    assert trade(tmp_path, NEXT_DAY) == 1
