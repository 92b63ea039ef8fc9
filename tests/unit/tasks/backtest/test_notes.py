"""What the figures of a backtest do not say by themselves is a note beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest

REQUEST = BacktestRequest(
    symbols=("AAPL", "MSFT"),
    start=date(2025, 6, 2),
    end=date(2025, 6, 6),
    interval_minutes=30,
    settings={"range_minutes": 30, "min_body": 0.0},
)


def test_a_backtest_that_a_drawdown_halted_says_since_when_nothing_was_entered() -> None:
    halting = replace(REQUEST, settings={**REQUEST.settings, "max_drawdown_pct": 0.0001})
    halted = backtest(halting)
    last = max(halted.results().trades["session"])
    idle = sum(session.date > last for session in halted.sessions)
    assert idle > 0
    (note,) = (note for note in halted.notes if "halted" in note)
    assert note.startswith(f"max_drawdown_pct halted the account on {last}: nothing was entered")
    assert note.endswith(f" {idle} sessions after it")
    assert not any("halted" in note for note in backtest(REQUEST).notes)
