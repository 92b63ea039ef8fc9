"""A strategy that fails in the middle of a session: what is held is looked after to its end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from blocks.markets.random_walk import simulated_rows
from blocks.strategy_file import load_strategy
from tests.unit.replay.in_memory import LiveRun, run_live
from tests.unit.replay.test_fold import differing
from trading.engine.tapes.trade_tape import TRADES, TradeRow
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import RunPlan, make_plan
from trading.reasons import ExitReason, Reason
from trading.session.events import BarClosed, SessionStarted
from trading.session.messages.message import SystemMessage
from trading.session.messages.order_reporter import Place
from trading.session.messages.reporter import Reporter
from trading.session.state import SessionState

SYMBOLS = ("AAA", "BBB")
FAILS_AT = 14
FILE = """
import math
from typing import NamedTuple
from trading.entries import STOP, USD, enter, enter_at, no_entry
from trading.indicators import atr
from trading.parameters import StrategyParameters
from trading.reasons import NO_BREAKOUT
MEMORY = 1
class Numbers(NamedTuple):
    fails_at: int
class Parameters(StrategyParameters):
    strategy: str = "failing"
    fails_at: int = -1
    def numbers(self, interval_minutes): return Numbers(self.fails_at)
class Read(NamedTuple):
    atr: float
def indicators(parameters, interval_minutes): return {"atr": atr(14)}
def observe(numbers, memory, bar, read): memory[0] += 1.0
def signal(numbers, memory, bar, read):
    if bar.number == numbers.fails_at:
        WHERE
    if bar.number < 3:
        return no_entry(NO_BREAKOUT)
    return enter(True, math.floor(bar.close) - 3.0, math.nan, USD)
def leave(numbers, memory, bar, read): return False, False
"""
# An entry that rests where price does not come.
RESTS = (
    "return enter(True, math.floor(bar.close) - 3.0, math.nan, USD)",
    "at = math.floor(bar.close) + 50.0\n"
    "    return enter_at(STOP, at, True, at - 3.0, math.nan, USD, 0)",
)


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Return two simulated sessions of two symbols."""
    sessions = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 3))
    rows = simulated_rows(SYMBOLS, sessions, 15)
    return make_panel(rows, make_grid(sessions, 15), SYMBOLS)


def plan_of(path: Path, mistake: str, fails_at: int) -> RunPlan:
    path.write_text(FILE.replace("WHERE", mistake))
    settings = {"fails_at": fails_at, "max_entries": 5, "trailing": "atr", "trail_atr": 50.0}
    return make_plan(SYMBOLS, settings, interval_minutes=15, strategy_module=load_strategy(path))


def trades_of(run: LiveRun, number: int) -> list[TradeRow[float]]:
    tape = run.states[number].tape
    return [TradeRow(*row) for row in tape.trades[: tape.counts[TRADES]].tolist()]


@pytest.mark.parametrize("mistake", ["memory[bar.number] = 1.0", "raise ValueError('odd')"])
def test_nothing_enters_any_more_and_what_is_held_leaves_at_the_end_of_the_day(
    panel: Panel, tmp_path: Path, mistake: str
) -> None:
    run = run_live(panel, plan_of(tmp_path / "failing.py", mistake, FAILS_AT))
    assert run.differences == {}
    for number, state in enumerate(run.states):
        reasons = [int(row.reason) for row in state.decisions]
        first = FAILS_AT * len(SYMBOLS)
        assert Reason.STRATEGY_FAILED not in reasons[:first]
        assert set(reasons[first:]) == {Reason.STRATEGY_FAILED}
        trades = trades_of(run, number)
        assert len(trades) == len(SYMBOLS)
        assert {trade.exit_reason for trade in trades} <= {ExitReason.FLATTEN, ExitReason.STOP}
        assert "failing.py, line" in str(state.mistake)
        assert f"(AAA bar {FAILS_AT} of {state.session.date})" in str(state.mistake)


def test_what_rests_is_withdrawn_for_nobody_would_end_it(panel: Panel, tmp_path: Path) -> None:
    path = tmp_path / "failing.py"
    settings = {"fails_at": FAILS_AT, "max_entries": 5}
    plan_of(path, "raise ValueError('odd')", FAILS_AT)
    text = path.read_text().replace(*RESTS)
    path.write_text(
        text.replace('"failing"\n', '"failing"\n    def has_orders(self): return True\n')
    )
    plan = make_plan(SYMBOLS, settings, interval_minutes=15, strategy_module=load_strategy(path))
    run = run_live(panel, plan)
    for state in run.states:
        assert {str(order.status) for order in state.orders.values()} == {"cancelled"}
        decided = [Reason(int(row.reason)) for row in state.decisions[: FAILS_AT * len(SYMBOLS)]]
        assert decided[-1] == Reason.ORDER_PENDING
    cancels = [one for one in run.exchange.requests if one.action == "cancel"]
    assert len(cancels) == len(SYMBOLS) * len(run.states)


def test_the_journal_of_such_a_session_folds_and_the_next_inherits_what_it_would_have(
    panel: Panel, tmp_path: Path
) -> None:
    # A journal that could not be folded would leave its account stuck, with what it holds.
    plan = plan_of(tmp_path / "failing.py", "raise ValueError('odd')", FAILS_AT)
    run = run_live(panel, plan)
    sound = run_live(panel, plan_of(tmp_path / "sound.py", "pass", -1))
    events = iter(run.ledger.events)
    for state, other in zip(run.states, sound.states, strict=True):
        folded = SessionState(plan, state.session)
        for event in events:
            folded.apply(event)
            if isinstance(event, BarClosed) and event.bar == len(state.equity_points) - 1:
                break
        assert str(folded.mistake) == str(state.mistake)
        assert folded.decisions == state.decisions or not differing(
            [list(row) for row in folded.decisions], [list(row) for row in state.decisions]
        )
        # Indicators go on: the next session begins with the same ones.
        assert differing(state.past.state, other.past.state) == []


def test_people_are_told_once_what_is_wrong_and_where(panel: Panel, tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "failing.py", "raise ValueError('odd')", FAILS_AT)
    run = run_live(panel, plan)
    reporter = Reporter(SessionState(plan, panel.grid.sessions[0]), Place("a", "memory"))
    first = panel.grid.sessions[0].date.isoformat()
    for event in run.ledger.events:
        if isinstance(event, SessionStarted) and event.session != first:
            break
        reporter.take(event)
    errors = [one for one in reporter.messages if isinstance(one, SystemMessage)]
    assert len(errors) == 1
    assert "failing.py, line" in errors[0].message
    assert errors[0].severity == "error"
    assert "next session" in errors[0].action_required
