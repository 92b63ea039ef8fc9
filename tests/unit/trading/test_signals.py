"""A strategy's signals, built in or a user's own: each that enters has a size and is protected."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.records.fields import Side
from blocks.records.signal import Signal
from tests.oracle.comparison import panel_of, plan_of
from tests.oracle.random_markets import Case, random_case
from tests.unit.trading.strategy_files import write_strategy
from trading.backtest.run import run_backtest
from trading.backtest.tables import DecisionTables
from trading.errors import BadInput
from trading.plan import RunPlan, make_plan

SEEDS = range(12)


def signals_of(case: Case, plan: RunPlan) -> list[Signal]:
    """Return what was said of each bar; none of a market that is refused as a whole."""
    try:
        panel = panel_of(case)
    except BadInput:
        return []
    outcome = run_backtest(panel, plan, keep="all", compiled=False)
    parts = DecisionTables(outcome, panel.grid, plan)
    return [Signal.model_validate(row) for part in parts for row in part.to_dicts()]


def test_what_the_built_in_strategy_says_are_signals() -> None:
    found = [
        signal
        for seed in SEEDS
        for signal in signals_of(random_case(seed), plan_of(random_case(seed)))
    ]
    entries = [signal for signal in found if signal.side is not None]
    assert {signal.side for signal in entries} == set(Side)
    # An opening range is never upside down.
    ranges = [s for s in found if s.range_high is not None and s.range_low is not None]
    assert ranges
    assert all(s.range_low <= s.range_high for s in ranges)  # type: ignore[operator]


@pytest.mark.parametrize("stop", ["close - numbers.stop_usd", "close", "close + 1.0", "math.nan"])
def test_a_strategy_of_a_users_own_enters_protected_or_not_at_all(
    tmp_path: Path, stop: str
) -> None:
    module = write_strategy(tmp_path / "always.py", stop=stop, extra="import math")
    found = []
    for seed in SEEDS:
        case = random_case(seed)
        plan = make_plan(case.symbols, {}, interval_minutes=case.interval, strategy_module=module)
        found += signals_of(case, plan)
    is_protective = stop.startswith("close -")
    assert any(signal.side is Side.LONG for signal in found) == is_protective
    assert any(signal.reason == "stop_not_protective" for signal in found) != is_protective
