"""An account that fell too far from its highest equity is halted as by an operator."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import polars as pl
import pytest

from blocks.account.facts import read_facts
from blocks.account.operator_word import leave_word
from blocks.account.status import account_status
from blocks.ledger.ledger import DuckDBLedger
from tests.unit.replay.runs import Case, backtested, first_difference, ledger_rows, replayed
from trading.market.calendar import sessions_between

DAYS = [session.date for session in sessions_between("NYSE", date(2025, 6, 9), date(2025, 6, 12))]
SETTINGS = {
    "range_minutes": 30,
    "min_body": -1.0,
    "target": "none",
    "max_drawdown_pct": 0.03,
    "max_daily_loss_pct": 1.0,
    "gate_jump": 0.0,
    "gate_spike": 0.0,
    "gate_gap": 0.0,
}
RANGE, BREAK, CALM, FALL = (
    (10.0, 10.1, 9.9, 10.0),
    (10.0, 10.6, 10.0, 10.5),
    (10.5, 10.6, 10.4, 10.5),
    (8.0, 8.0, 7.9, 8.0),
)
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def bars_of(target: Path) -> Path:
    """Write days on which both symbols break upwards; on the second one A falls below its stop."""
    rows = []
    for session in sessions_between("NYSE", DAYS[0], DAYS[-1]):
        for bar in range(session.bar_count(30)):
            for symbol in "AB":
                falls = symbol == "A" and session.date == DAYS[1] and bar >= 4
                shape = FALL if falls else (RANGE, BREAK, CALM)[min(bar, 2)]
                start = session.open + timedelta(minutes=30 * bar)
                rows.append((symbol, start, *shape, 1e6))
    names = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(target)
    return target


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, Path]:
    """Three days, the second of which ends in the halt."""
    folder = tmp_path_factory.mktemp("drawdown")
    bars = bars_of(folder / "bars.parquet")
    case = Case("drawdown", DAYS[0], DAYS[2], bars, ("A", "B"), SETTINGS, interval_minutes=30)
    replayed(case, folder)
    return case, folder


def decided(folder: Path, day: date) -> Counter[str]:
    rows = DuckDBLedger(folder, "replay").query(
        "SELECT reason FROM decisions WHERE session = ?", [day]
    )
    return Counter(row["reason"] for row in rows)


def test_everything_is_left_as_in_the_backtest_and_nothing_is_entered_the_next_day(
    halted: tuple[Case, Path],
) -> None:
    case, folder = halted
    trades, equity = ledger_rows(folder, "replay")
    others, other_equity = backtested(case)
    assert first_difference(trades, others) is None
    assert [value for _, value in equity] == pytest.approx([v for _, v in other_equity], abs=1e-5)
    second = [row["exit_reason"] for row in trades if row["session"] == DAYS[1]]
    assert sorted(second) == ["latch", "stop"]
    assert [row for row in trades if row["session"] == DAYS[2]] == []
    assert decided(folder, DAYS[2]) == {"halted": 24}


def test_whoever_looks_is_told_of_the_halt_and_since_when(halted: tuple[Case, Path]) -> None:
    _, folder = halted
    since = sessions_between("NYSE", DAYS[1], DAYS[1])[0].bar_start(4, 30)
    shown = {"ts": since.isoformat(), "command": "halt", "reason": "drawdown"}
    assert account_status(folder, "replay").halts == [shown]
    halt = read_facts(folder, "replay").halt
    assert halt is not None
    assert (halt.since, halt.reason) == (since, "drawdown")
    texts = [
        str(orjson.loads(row["payload"]))
        for row in DuckDBLedger(folder, "replay").query("SELECT payload FROM outbox")
    ]
    assert sum("halted (drawdown)" in text for text in texts) == 1
    # The day after begins with it.
    assert any("halted: drawdown" in text for text in texts)


def test_resumed_it_trades_again_and_counts_from_its_equity_of_then(
    halted: tuple[Case, Path],
) -> None:
    case, folder = halted
    leave_word(folder, "replay", "resume", "looked into", NOW)
    assert account_status(folder, "replay").halts == []
    replayed(replace(case, start=DAYS[3], end=DAYS[3]), folder)
    trades, equity = ledger_rows(folder, "replay")
    assert {row["symbol"] for row in trades if row["session"] == DAYS[3]} == {"A", "B"}
    assert account_status(folder, "replay").halts == []
    # It would be halted still, if its highest equity were that of the first day.
    assert max(value for ts, value in equity if ts.date() == DAYS[3]) < 0.97 * 10_000
