"""What a session knows of days before it, live as in a backtest, over nights and plans.

Daily bars, opening volumes and coarser bars go through the journal from one session to the next.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from tests.unit.replay.in_memory import run_live
from trading.backtest.run import run_backtest
from trading.engine.tapes.trade_tape import FILLS, TRADES, DecisionRow
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import make_plan
from trading.reasons import Reason
from trading.session.cold_values import cold_values
from trading.session.state import SessionState

SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE")
# Fifteen days make the first daily ATR, and six are traded.
WARM = 16
STOCKS_IN_PLAY = {
    "range_minutes": 15,
    "direction": "first_bar",
    "entry": "stop",
    "stop": "daily_atr",
    "target": "none",
    "min_price": 5.0,
    "min_daily_atr": 0.1,
    "select_top": 2,
    "leverage": 4.0,
    "max_position_pct": 1.0,
    "commission_per_share": 0.0035,
}
CASES: dict[str, tuple[dict[str, Any], tuple[Reason, ...]]] = {
    "stocks in play": (
        STOCKS_IN_PLAY,
        (Reason.NOT_SELECTED, Reason.ORDER_PENDING, Reason.ENTER_LONG, Reason.ENTER_SHORT),
    ),
    "thresholds": (
        STOCKS_IN_PLAY
        | {"min_relative_opening_volume": 1.0, "select_top": 0, "target": "r", "stop": "percent"},
        (Reason.NOT_ELIGIBLE, Reason.ENTER_LONG),
    ),
    "validated": (
        {"range_minutes": 15, "validation": True, "validation_threshold": 40.0, "min_body": -1.0,
         "target": "daily_atr", "trailing": "atr", "trail_atr": 1.0},
        (Reason.VALIDATION_FAILED, Reason.ENTER_LONG),
    ),
}  # fmt: skip


@cache
def panel() -> Panel:
    sessions = sessions_between("NYSE", date(2025, 5, 1), date(2025, 6, 3))[: WARM + 6]
    rows = simulated_rows(SYMBOLS, sessions, 15, seed=5)
    return make_panel(rows, make_grid(sessions, 15), SYMBOLS)


@pytest.mark.parametrize("name", CASES)
def test_days_before_are_known_live_as_in_the_backtest(name: str) -> None:
    settings, reasons = CASES[name]
    plan = make_plan(SYMBOLS, settings, interval_minutes=15)
    outcome = run_backtest(panel(), plan, first_traded=WARM, keep="all")
    run = run_live(panel(), plan, WARM)
    for table, count in (("fills", FILLS), ("trades", TRADES)):
        ours = b"".join(
            getattr(state.tape, table)[: state.tape.counts[count]].tobytes() for state in run.states
        )
        assert ours == getattr(outcome, table).tobytes(), table
    rows = np.array([row for state in run.states for row in state.decisions])
    assert rows.tobytes() == np.ascontiguousarray(outcome.decisions).tobytes()
    assert run.differences == {}
    seen = Counter(Reason(int(reason)) for reason in DecisionRow(*rows.T).reason)
    assert cold_values(run.states[0]) == []
    for reason in reasons:
        assert seen[reason], f"{reason.word} is not among {seen}"


def test_a_session_with_too_few_days_before_it_says_which_value_is_missing_of_whom() -> None:
    plan = make_plan(SYMBOLS, STOCKS_IN_PLAY, interval_minutes=15)
    everyone = ", ".join(SYMBOLS)
    assert cold_values(SessionState(plan, panel().grid.sessions[0])) == [
        f"too few earlier sessions for daily_atr of {everyone}",
        f"too few earlier sessions for relative_opening_volume(15) of {everyone}",
    ]
    # Fourteen are enough for volumes, and make thirteen true ranges.
    warm = run_live(panel(), plan, 14).states[0]
    assert cold_values(warm) == [f"too few earlier sessions for daily_atr of {everyone}"]
    asks_nothing = make_plan(SYMBOLS, {"range_minutes": 15}, interval_minutes=15)
    assert cold_values(SessionState(asks_nothing, panel().grid.sessions[0])) == []
