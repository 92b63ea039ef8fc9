"""A log in parts is the log."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.oracle.comparison import panel_of, plan_of, run_openbell
from tests.unit.trading.scenarios.decisions import CALM
from tests.unit.trading.scenarios.scenario import RANGE, UP, Scenario
from trading.backtest import tables
from trading.backtest.tables import DecisionTables
from trading.engine.tapes.decision_log import log_of_rows, parts_of
from trading.engine.tapes.trade_tape import DecisionRow

CASE = Scenario(
    "",
    [CALM, CALM, {"AAA": [RANGE, UP]}, {"AAA": [RANGE, UP], "BBB": [RANGE, UP]}],
    {"stop": "atr", "stop_atr": 2.0, "target": "range"},
    first_traded=2,
).case()


@pytest.mark.parametrize("decisions", [1, 2, 3, 7, 1000])
def test_parts_one_after_the_other_have_the_columns_of_the_log(decisions: int) -> None:
    log = run_openbell(CASE).log

    parts = list(parts_of(log, decisions))

    assert len(log) > 7
    assert sum(len(part) for part in parts) == len(log)
    for name in DecisionRow._fields:
        joined = np.concatenate([part.column(name) for part in parts])
        np.testing.assert_array_equal(joined, log.column(name))


def test_a_part_ends_with_the_bar_that_reaches_the_next_multiple() -> None:
    log = run_openbell(CASE).log

    *full, last = parts_of(log, 3)

    assert full
    ends = np.cumsum([len(part) for part in full])
    before = ends - [int(part.at_bar[-1]) for part in full]
    assert (before // 3 < ends // 3).all()
    assert len(last) > 0


def test_a_log_of_nothing_is_one_part_of_nothing() -> None:
    (part,) = parts_of(log_of_rows(np.zeros((0, len(DecisionRow._fields)))))

    assert len(part) == 0


def test_tables_of_parts_are_parts_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, plan, outcome = panel_of(CASE).grid, plan_of(CASE), run_openbell(CASE)
    (whole,) = DecisionTables(outcome, grid, plan)

    monkeypatch.setattr(tables, "parts_of", lambda log: parts_of(log, 3))
    parts = list(DecisionTables(outcome, grid, plan))

    assert len(parts) > 2
    assert_frame_equal(pl.concat(parts), whole)
