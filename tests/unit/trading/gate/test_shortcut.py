"""A session whose extremes show nothing need not be looked at bar by bar: the verdicts agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from tests.oracle.comparison import panel_of, plan_of
from tests.oracle.damaged_markets import damaged_case
from trading.errors import BadInput
from trading.gate.state import end_session, new_gate
from trading.gate.thresholds import GateThresholds
from trading.gate.verdicts import (
    Verdicts,
    extremes_of,
    find_extremes,
    judge_session,
    new_extremes,
    new_verdicts,
)
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel

SEEDS = range(2_000, 2_015)


def judged(panel: Panel, thresholds: GateThresholds) -> Verdicts:
    symbols, grid = len(panel.symbols), panel.grid
    gate, verdicts = new_gate(symbols), new_verdicts(grid.rows, symbols)
    for number in range(len(grid.sessions)):
        begin, end = int(grid.first_row[number]), int(grid.first_row[number + 1])
        extremes = extremes_of(panel.prices, begin, end)
        judge_session(thresholds, gate, extremes, verdicts, panel.prices, begin, end)
        end_session(thresholds, gate)
    return verdicts


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_what_is_passed_over_has_nothing_to_be_found() -> None:
    found = 0
    for seed in SEEDS:
        case = damaged_case(seed)
        try:
            panel, thresholds = panel_of(case), plan_of(case).thresholds()
        except BadInput:
            continue
        # No day is as quiet as that.
        whole = judged(panel, thresholds._replace(quiet=-1.0))
        for name in Verdicts._fields:
            short = getattr(judged(panel, thresholds), name)
            np.testing.assert_array_equal(short, getattr(whole, name), err_msg=f"{seed} {name}")
        found += int(np.count_nonzero(whole.found))
    assert found > 100


def test_extremes_are_the_same_by_numpy_and_bar_by_bar() -> None:
    panel = panel_of(damaged_case(1))
    ours = new_extremes(len(panel.symbols))
    for begin, end in ((0, panel.grid.rows), (1, 3), (2, 2)):
        find_extremes(ours, panel.prices, begin, end, with_volume=True)
        for name, one, other in zip(
            ours._fields, ours, extremes_of(panel.prices, begin, end), strict=True
        ):
            np.testing.assert_array_equal(one, other, err_msg=name)


@pytest.mark.parametrize("minutes", [5, 15])
def test_a_panel_knows_whether_a_bar_of_it_may_have_no_volume(minutes: int) -> None:
    sessions = sessions_between("NYSE", date(2025, 6, 2), date(2025, 6, 3))
    rows = simulated_rows(("AAA", "BBB"), sessions, 5)
    grid = make_grid(sessions, minutes)
    assert not make_panel(rows, grid, ("AAA", "BBB")).has_zero_volume
    volume = rows.volume.copy()
    volume[17] = 0
    assert make_panel(replace(rows, volume=volume), grid, ("AAA", "BBB")).has_zero_volume
