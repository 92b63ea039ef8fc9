"""The rows of a run as named columns."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from types import ModuleType

import numpy as np
import polars as pl

from trading.backtest.run import Outcome
from trading.backtest.tables import (
    DecisionTables,
    equity_table,
    fills_table,
    trades_table,
    universe_table,
)
from trading.engine.book import new_book
from trading.engine.tapes.decision_log import log_of_rows
from trading.engine.tapes.trade_tape import DecisionRow, FillRow, TradeRow
from trading.market.calendar import Grid, make_grid, sessions_between
from trading.plan import make_plan
from trading.reasons import (
    EXIT_STOP,
    EXIT_TARGET,
    LEG_ENTRY,
    LEG_STOP,
    NOT_ELIGIBLE,
    NOT_SELECTED,
    OWN_2,
    RANGE_INCOMPLETE,
    Reason,
)
from trading.selection.universe import Universe, new_universe
from trading.session.entry_terms import TARGET_KINDS

# In configured order, which is not that of the alphabet.
PLAN = make_plan(("ZZZ", "AAA"), {})
NAN = math.nan


def grid() -> Grid:
    """Return hourly bars of a Friday and a Monday."""
    return make_grid(sessions_between("NYSE", date(2025, 6, 6), date(2025, 6, 9)), 60)


def outcome_of(
    fills: list[list[float]] | None = None,
    trades: list[list[float]] | None = None,
    decisions: list[list[float]] | None = None,
) -> Outcome:
    """Return an outcome with these rows of the tape."""
    return Outcome(
        np.array(fills or [], dtype=np.float64).reshape(-1, len(FillRow._fields)),
        np.array(trades or [], dtype=np.float64).reshape(-1, len(TradeRow._fields)),
        log_of_rows(
            np.array(decisions or [], dtype=np.float64).reshape(-1, len(DecisionRow._fields))
        ),
        np.full(grid().rows, 1000.0),
        grid().start_us,
        0,
        new_book(2, 1000.0),
        compiled=False,
    )


def at(bar: int) -> float:
    """Return the START of a bar as the tape holds it."""
    return float(grid().start_us[bar])


def test_trades_are_sorted_by_exit_entry_and_configured_symbol() -> None:
    def row(symbol: int, entry: int, leave: int) -> list[float]:
        return [symbol, 1, 5, at(entry), 10, at(leave), 11, EXIT_TARGET, 5, 0.1, 1, 9]

    trades = trades_table(
        outcome_of(trades=[row(1, 8, 9), row(1, 1, 3), row(0, 1, 3), row(0, 2, 2)]), grid(), PLAN
    )

    assert trades["symbol"].to_list() == ["ZZZ", "ZZZ", "AAA", "AAA"]
    assert trades["exit_time"].is_sorted()
    assert trades["session"].to_list() == 3 * [date(2025, 6, 6)] + [date(2025, 6, 9)]


def test_a_trade_is_named_and_its_times_are_aware() -> None:
    row = [1, -1, 7, at(1), 20.5, at(2), 21.25, EXIT_STOP, -5.25, -0.0366, NAN, 20.5]

    trades = trades_table(outcome_of(trades=[row]), grid(), PLAN)

    assert trades.row(0, named=True) == {
        "session": date(2025, 6, 6),
        "symbol": "AAA",
        "side": "short",
        "quantity": 7,
        "entry_time": datetime(2025, 6, 6, 14, 30, tzinfo=UTC),
        "entry_price": 20.5,
        "exit_time": datetime(2025, 6, 6, 15, 30, tzinfo=UTC),
        "exit_price": 21.25,
        "exit_reason": "stop",
        "pnl": -5.25,
        "pnl_pct": -0.0366,
        "r_multiple": None,
        "strategy": "orb",
    }


def test_what_a_decision_did_not_reach_is_null() -> None:
    rows = [
        [at(1), 0, RANGE_INCOMPLETE, NAN, 0.0, 0.0, NAN, NAN, 0, NAN, 1000.0, NAN, NAN, NAN, 0],
        [at(8), 1, OWN_2, 10.5, 11.0, 10.0, NAN, NAN, 0, 0.25, 1001.0, 62.5, 1.75, NAN, 0],
    ]

    (decisions,) = DecisionTables(outcome_of(decisions=rows), grid(), PLAN)

    first, second = decisions.to_dicts()
    nothing = ("price", "range_high", "range_low", "stop", "target_offset", "atr", "level", "score",
               "relative_opening_volume")  # fmt: skip
    assert [first[name] for name in nothing] == [None] * 9
    assert (second["score"], second["relative_opening_volume"]) == (62.5, 1.75)
    assert (second["level"], second["target_kind"]) == (None, "usd")
    assert (first["reason"], first["quantity"], first["equity"]) == ("range_incomplete", 0, 1000.0)
    assert (second["range_high"], second["range_low"], second["atr"]) == (11.0, 10.0, 0.25)
    assert (second["session"], second["symbol"]) == (date(2025, 6, 9), "AAA")
    assert second["bar"] == datetime(2025, 6, 9, 14, 30, tzinfo=UTC)


def test_fills_keep_their_sign_and_leg() -> None:
    rows = [[at(1), 0, LEG_ENTRY, 5, 10.0, 1.0], [at(2), 0, LEG_STOP, -5, 9.0, 1.0]]

    fills = fills_table(outcome_of(fills=rows), grid(), PLAN)

    assert fills["leg"].to_list() == ["entry", "stop"]
    assert fills["quantity"].to_list() == [5, -5]
    assert fills["commission"].sum() == 2.0


def test_tables_without_rows_have_the_types_of_those_with() -> None:
    nothing = outcome_of()
    time = pl.Datetime("us", "UTC")

    assert trades_table(nothing, grid(), PLAN).schema == {
        "session": pl.Date,
        "symbol": pl.String,
        "side": pl.String,
        "quantity": pl.Int64,
        "entry_time": time,
        "entry_price": pl.Float64,
        "exit_time": time,
        "exit_price": pl.Float64,
        "exit_reason": pl.String,
        "pnl": pl.Float64,
        "pnl_pct": pl.Float64,
        "r_multiple": pl.Float64,
        "strategy": pl.String,
    }
    (decisions,) = DecisionTables(nothing, grid(), PLAN)
    assert decisions.schema == {
        "session": pl.Date,
        "bar": time,
        "symbol": pl.Enum(PLAN.symbols),
        "reason": pl.Enum([reason.word for reason in Reason]),
        **dict.fromkeys(("price", "range_high", "range_low", "stop", "target_offset"), pl.Float64),
        "quantity": pl.Int64,
        "atr": pl.Float64,
        "equity": pl.Float64,
        "level": pl.Float64,
        "score": pl.Float64,
        "relative_opening_volume": pl.Float64,
        "target_kind": pl.Enum([str(kind) for kind in TARGET_KINDS]),
    }
    assert equity_table(nothing).schema == {"ts": time, "equity": pl.Float64}
    assert equity_table(nothing)["ts"][0] == datetime(2025, 6, 6, 13, 30, tzinfo=UTC)


def judged(symbols: int = 2) -> Universe:
    """Return what two sessions judged: the second symbol first, then nobody but the first."""
    universe = new_universe(2, symbols, is_selected=True)
    universe.reason[:] = [[NOT_SELECTED, 0], [0, NOT_ELIGIBLE]]
    universe.rank[:] = [[2, 1], [1, 0]]
    universe.price[:] = [[10.0, 20.0], [11.0, NAN]]
    universe.relative_opening_volume[:] = [[1.5, 3.0], [2.0, NAN]]
    return universe


def test_the_universe_says_of_each_symbol_its_verdict_rank_and_values() -> None:
    table = universe_table(replace(outcome_of(), universe=judged()), grid(), PLAN)

    assert table is not None
    assert table["verdict"].to_list() == ["not_selected", "eligible", "eligible", "not_eligible"]
    assert table["rank"].to_list() == [2, 1, 1, None]
    assert table["open"].to_list() == [10.0, 20.0, 11.0, None]
    assert table["symbol"].to_list() == [*PLAN.symbols, *PLAN.symbols]
    assert table["session"].n_unique() == 2


def test_sessions_that_only_warm_up_are_no_part_of_the_universe() -> None:
    outcome = replace(outcome_of(), universe=judged(), first_traded=1)

    table = universe_table(outcome, grid(), PLAN)

    assert table is not None
    assert table["rank"].to_list() == [1, None]


def test_a_run_that_selects_nothing_has_no_universe() -> None:
    assert universe_table(outcome_of(), grid(), PLAN) is None


def test_a_strategys_own_reasons_are_words_in_the_table() -> None:
    module = ModuleType("own_words")
    module.REASONS = {"far": "it is too far", "late": "it is too late"}  # type: ignore[attr-defined]
    plan = replace(PLAN, strategy_module=module)
    rows = [[at(8), 1, OWN_2, 10.5, 11.0, 10.0, NAN, NAN, 0, NAN, 1001.0, NAN, NAN, NAN, 0]]

    (decisions,) = DecisionTables(outcome_of(decisions=rows), grid(), plan)

    assert decisions["reason"].to_list() == ["own:late"]
    assert plan.label_of(OWN_2) == plan.meaning_of(OWN_2) == "it is too late"
