"""Every deciding sentence of the rules against Openbell and against the reference."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest

from tests.oracle.comparison import (
    bar_rows,
    panel_of,
    plan_of,
    run_openbell,
    run_the_reference,
)
from tests.oracle.reference.bars import Refused, load
from tests.oracle.reference.parameters import checked_parameters
from tests.unit.trading.scenarios import LOADING, SCENARIOS, LoadingScenario, Scenario
from tests.unit.trading.scenarios.check import (
    complaints,
    loading_complaints,
    observed,
    observed_of_reference,
)
from tests.unit.trading.scenarios.decisions import CALM
from tests.unit.trading.scenarios.scenario import RANGE, UP
from trading.backtest.run import run_backtest
from trading.engine.book import CASH, new_book
from trading.engine.book import LATCHED as BOOK_LATCHED
from trading.engine.decide import decide
from trading.engine.risk import loses_too_much
from trading.engine.tapes.trade_tape import DecisionRow, TradeRow
from trading.engine.workspace import new_scratch, new_signals
from trading.errors import BadInput
from trading.market.bars import BarRows
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel_loading import make_panel
from trading.plan import make_plan
from trading.reasons import (
    BAR_MISSING,
    DATA_GATE_GAP,
    DATA_GATE_LATE,
    ENTER_LONG,
    HALTED,
    LATCHED,
    LEASE_LOST,
    MAX_ENTRIES,
    MISSED,
    NO_DECISION,
    NOT_TRADED,
    POSITION_OPEN,
    RECONCILIATION,
    Reason,
)
from trading.strategies import orb


def named(scenario: Scenario | LoadingScenario) -> str:
    """Return a scenario's sentence."""
    return scenario.name


def test_every_scenario_has_a_name_of_its_own() -> None:
    names = [scenario.name for scenario in (*SCENARIOS, *LOADING)]
    assert len(names) == len(set(names)) >= 80


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_openbell_follows_the_rule(scenario: Scenario) -> None:
    case = scenario.case()
    assert complaints(scenario, observed(case, run_openbell(case))) == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_the_reference_follows_the_rule(scenario: Scenario) -> None:
    case = scenario.case()
    assert complaints(scenario, observed_of_reference(case, run_the_reference(case))) == []


@pytest.mark.parametrize("scenario", LOADING, ids=named)
def test_openbell_loads_by_the_rule(scenario: LoadingScenario) -> None:
    assert loading_complaints(scenario, panel_of(scenario.case())) == []


@pytest.mark.parametrize("scenario", LOADING, ids=named)
def test_the_reference_loads_by_the_rule(scenario: LoadingScenario) -> None:
    case = scenario.case()
    bars, counts = load(case.rows, case.sessions, case.symbols, case.interval)
    made = bars[case.sessions[0][0], "AAA"]
    for k, expected in scenario.bars.items():
        found = made.get(k)
        if expected is None:
            assert found is None
        else:
            assert found is not None
            values = (found.open, found.high, found.low, found.close, found.volume)
            assert values == expected
    assert {name: counts[name] for name in scenario.defects} == scenario.defects


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"range_minutes": 7}, "range_minutes"),
    ({"range_minutes": 0}, "range_minutes"),
    ({"range_minutes": -5}, "range_minutes"),
    ({"tick": 0.00005}, "tick"),
    ({"tick": 0.00015}, "tick"),
    ({"tick": 0.0}, "tick"),
    ({"breakout_buffer": -0.01}, "breakout_buffer"),
    ({"max_extension": -0.01}, "max_extension"),
    ({"slippage_bps": -0.01}, "slippage_bps"),
    ({"slippage_bps": 10000}, "slippage_bps"),
    ({"commission_per_share": -0.01}, "commission_per_share"),
    ({"commission_minimum": -0.01}, "commission_minimum"),
    ({"max_entries": -1}, "max_entries"),
    ({"max_orders_per_session": -1}, "max_orders_per_session"),
    ({"entry_cutoff_minutes": -1}, "entry_cutoff_minutes"),
    ({"min_body": 1.01}, "min_body"),
    ({"min_body": -1.01}, "min_body"),
    ({"max_participation": 1.01}, "max_participation"),
    ({"max_participation": -0.01}, "max_participation"),
    ({"risk_per_trade": 0.0}, "risk_per_trade"),
    ({"risk_per_trade": 1.01}, "risk_per_trade"),
    ({"max_position_pct": 0.0}, "max_position_pct"),
    ({"max_position_pct": 1.01}, "max_position_pct"),
    ({"max_daily_loss_pct": 0.0}, "max_daily_loss_pct"),
    ({"max_daily_loss_pct": 1.01}, "max_daily_loss_pct"),
    ({"target_multiple": 0.0}, "target_multiple"),
    ({"stop_atr": 0.0}, "stop_atr"),
    ({"max_positions": 0}, "max_positions"),
    ({"flatten_minutes": 0}, "flatten_minutes"),
    ({"min_body": math.nan}, "min_body"),
    ({"slippage_bps": math.inf}, "slippage_bps"),
    ({"breakout_on": "body"}, "breakout_on"),
    ({"trailing": "stepped"}, "trail_steps"),
    ({"no_such_parameter": 1}, "no_such_parameter"),
    ({"gate_stale": -1}, "gate_stale"),
    ({"gate_stale": 1.5}, "gate_stale"),
    ({"gate_spike": 1.0}, "gate_spike"),
    ({"gate_jump": -0.1}, "gate_jump"),
    ({"gate_gap": 1.0}, "gate_gap"),
    ({"select_top": -1}, "select_top"),
    ({"select_top": 1.5}, "select_top"),
    ({"min_price": -0.01}, "min_price"),
    ({"min_daily_atr": -0.01}, "min_daily_atr"),
    ({"min_daily_volume": -1}, "min_daily_volume"),
    ({"min_relative_opening_volume": -0.1}, "min_relative_opening_volume"),
    ({"direction": "second_bar"}, "direction"),
    ({"entry": "limit"}, "entry"),
    ({"entry": "stop"}, "direction"),
    ({"entry": "stop", "direction": "first_bar", "breakout_on": "wick"}, "breakout_on"),
    ({"entry": "stop", "direction": "first_bar", "volume_filter": True}, "volume_filter"),
    ({"stop_daily_atr": 0.0}, "stop_daily_atr"),
    ({"stop_pct": 0.0}, "stop_pct"),
    ({"stop_pct": 1.0}, "stop_pct"),
    ({"target_pct": 0.0}, "target_pct"),
    ({"target_pct": 1.0}, "target_pct"),
    ({"trail_atr": 0.0}, "trail_atr"),
    ({"trail_dollars": 0.0}, "trail_dollars"),
    ({"trail_pct": 0.0}, "trail_pct"),
    ({"trail_pct": 1.0}, "trail_pct"),
    ({"trailing": "stepped", "trail_steps": [[0.0, 0.0]]}, "at_r"),
    ({"validation_threshold": -0.1}, "validation_threshold"),
    ({"validation_threshold": 100.1}, "validation_threshold"),
    ({"sizing": "all"}, "sizing"),
    ({"risk_usd": 0.0}, "risk_usd"),
    ({"shares": 0}, "shares"),
    ({"shares": 1.5}, "shares"),
    ({"max_shares": -1}, "max_shares"),
    ({"max_shares": 0.5}, "max_shares"),
    ({"leverage": 0.99}, "leverage"),
    ({"leverage": 4.01}, "leverage"),
    ({"leverage": 2.0, "max_position_pct": 2.01}, "max_position_pct"),
    ({"sec_fee_per_million": -1.0}, "sec_fee_per_million"),
    ({"taf_per_share": -0.1}, "taf_per_share"),
    ({"taf_maximum": -0.1}, "taf_maximum"),
    ({"max_drawdown_pct": -0.1}, "max_drawdown_pct"),
    ({"max_drawdown_pct": 1.0}, "max_drawdown_pct"),
)


def told(settings: dict[str, Any]) -> str:
    """Return settings in a word."""
    return " ".join(f"{name}={value}" for name, value in settings.items())


@pytest.mark.parametrize(("settings", "name"), REFUSED, ids=[told(s) for s, _ in REFUSED])
def test_a_parameter_out_of_range_is_refused_by_name(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(BadInput, match=name):
        make_plan(["AAA"], settings)
    with pytest.raises(Refused):
        checked_parameters(settings, 5)


@pytest.mark.parametrize("interval", [30, 60])
def test_validation_is_refused_where_bars_do_not_divide_its_quarters(interval: int) -> None:
    settings = {"range_minutes": interval, "validation": True}
    with pytest.raises(BadInput, match="validation"):
        make_plan(["AAA"], settings, interval_minutes=interval)
    with pytest.raises(Refused):
        checked_parameters(settings, interval)


AT_THE_EDGE: tuple[dict[str, Any], ...] = (
    {"range_minutes": 25},
    {"tick": 0.0001},
    {"tick": 0.0003},
    {"breakout_buffer": 0.0, "max_extension": 0.0, "slippage_bps": 0.0},
    {"slippage_bps": 9999.99},
    {"max_entries": 0, "max_orders_per_session": 0, "entry_cutoff_minutes": 0},
    {"min_body": 1.0},
    {"min_body": -1.0},
    {"max_participation": 0.0},
    {"max_participation": 1.0},
    {"risk_per_trade": 1.0, "max_position_pct": 1.0, "max_daily_loss_pct": 1.0},
    {"max_positions": 1, "flatten_minutes": 1},
    {"gate_stale": 0, "gate_spike": 0.999, "gate_jump": 0.0, "gate_gap": 0.0},
    {"select_top": 0, "min_price": 0.0, "min_daily_atr": 0.0, "min_daily_volume": 0.0},
    {"stop_pct": 0.999, "target_pct": 0.999, "trail_pct": 0.999},
    {"validation_threshold": 0.0},
    {"validation": True, "validation_threshold": 100.0},
    {"shares": 1, "max_shares": 0},
    {"leverage": 1.0, "max_position_pct": 1.0},
    {"leverage": 4.0, "max_position_pct": 4.0},
    {"sec_fee_per_million": 0.0, "taf_per_share": 0.0, "taf_maximum": 0.0},
    {"max_drawdown_pct": 0.0},
    {"max_drawdown_pct": 0.999},
)


@pytest.mark.parametrize("settings", AT_THE_EDGE, ids=told)
def test_a_parameter_at_the_edge_of_its_range_is_taken(settings: dict[str, Any]) -> None:
    checked_parameters(settings, 5)
    plan = make_plan(["AAA"], settings)
    for name, value in settings.items():
        holder = next(
            p for p in (plan.strategy, plan.risk, plan.fills, plan.gate) if hasattr(p, name)
        )
        assert getattr(holder, name) == value


@pytest.mark.parametrize("capital", [0.0, -1.0, math.nan, math.inf])
def test_a_capital_that_is_not_positive_is_refused(capital: float) -> None:
    with pytest.raises(BadInput, match="capital"):
        make_plan(["AAA"], {}, capital=capital)


def test_an_interval_that_is_no_bar_length_is_refused() -> None:
    with pytest.raises(BadInput, match="interval 10"):
        make_plan(["AAA"], {"range_minutes": 10}, interval_minutes=10)


def test_the_interval_may_not_be_finer_than_the_sources_smallest_gap() -> None:
    case = LoadingScenario("", [(0, 5, 5, 5, 5, 1), (30, 5, 5, 5, 5, 1)], {}, interval=15).case()
    with pytest.raises(BadInput, match="30-minute"):
        panel_of(case)


def test_the_smallest_gap_counts_within_one_session_and_symbol_only() -> None:
    case = LoadingScenario("", [(0, 5, 5, 5, 5, 1)], {}, interval=15).case()
    rows = bar_rows(case)
    other = BarRows(
        np.array([0, 1]), np.repeat(rows.start_us, 2) + [0, 30 * 60_000_000], *(np.ones((5, 2)))
    )
    grid = panel_of(case).grid
    assert make_panel(other, grid, ("AAA", "BBB")).defects.missing == 2 * grid.rows - 2


def test_the_interval_may_not_be_finer_than_the_source_declares() -> None:
    case = LoadingScenario("", [(0, 5, 5, 5, 5, 1), (15, 5, 5, 5, 5, 1)], {}, interval=15).case()
    rows = bar_rows(case)
    declared = BarRows(rows.symbol, rows.start_us, *(np.ones((5, 2))), interval_minutes=30)
    assert panel_of(case).defects.invalid == 0
    with pytest.raises(BadInput, match="30-minute"):
        make_panel(declared, panel_of(case).grid, ("AAA",))


def test_nothing_at_all_runs_and_earns_nothing() -> None:
    empty = BarRows(*(np.zeros(0, dtype=np.int64),) * 2, *(np.zeros(0),) * 5)
    grid = make_grid([], 5)
    panel = make_panel(empty, grid, ("AAA",))
    assert panel.defects.as_dict() == dict.fromkeys(panel.defects.as_dict(), 0)
    assert panel.close.shape == (0, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_equity_that_is_not_finite_loses_too_much(value: float) -> None:
    book = new_book(1, 10_000.0)
    rules = make_plan(["AAA"], {}).rules()
    assert not loses_too_much(book, rules, float(book.money[CASH]))
    assert loses_too_much(book, rules, value)


RATIOS: tuple[tuple[str, Scenario, float, float], ...] = (
    (
        "r_multiple and pnl_pct are after commissions",
        Scenario("", [RANGE, UP, (102, 102, 98, 100)], {"commission_minimum": 1.0}),
        -59 / 19 / 3,
        -59 / (19 * 102),
    ),
    (
        "R counts from the entry fill, not from the reference price",
        Scenario("", [RANGE, UP, (103, 103, 98, 100)]),
        -1.0,
        -4 / 103,
    ),
    (
        "R is of the initial stop when the stop has trailed",
        Scenario(
            "",
            [RANGE, UP, (102, 105, 102, 104), (104, 104, 102, 103)],
            {"trailing": "breakeven", "trail_plus": 1.5},
        ),
        0.5,
        1.5 / 102,
    ),
    (
        "r_multiple is null when R is 0",
        Scenario("", [RANGE, UP, (99, 99, 98, 98)]),
        math.nan,
        0.0,
    ),
)


@pytest.mark.parametrize(("name", "scenario", "r", "pct"), RATIOS, ids=[row[0] for row in RATIOS])
def test_ratios_of_a_trade(name: str, scenario: Scenario, r: float, pct: float) -> None:
    trade = TradeRow(*run_openbell(scenario.case()).trades[0])
    assert trade.r_multiple == pytest.approx(r, abs=1e-12, nan_ok=True)
    assert trade.pnl_pct == pytest.approx(pct, abs=1e-12)


def test_decisions_show_the_numbers_behind_them() -> None:
    scenario = Scenario(
        "",
        [CALM, CALM, {"AAA": [RANGE, UP]}],
        {"stop": "atr", "stop_atr": 2.0, "target": "range"},
        first_traded=2,
    )
    entered = DecisionRow(*run_openbell(scenario.case()).decisions[0])
    price, high, low, stop, offset, quantity, atr, equity = entered[3:11]
    assert (price, high, low, stop, offset) == (102, 101, 99, 98, 4)
    assert (quantity, atr, equity) == (19, 2, 10_000)


def test_changes_keeps_the_first_row_of_every_session() -> None:
    case = Scenario("", [{"AAA": [RANGE]}, {"AAA": [RANGE]}]).case()
    changes = run_backtest(panel_of(case), plan_of(case), keep="changes").decisions
    names = [Reason(int(reason)).word for reason in DecisionRow(*changes.T).reason]
    assert names == ["no_breakout", "after_cutoff"] * 2


GATES: tuple[tuple[int, bool, int], ...] = (
    (LEASE_LOST, True, LEASE_LOST),
    (HALTED, True, HALTED),
    (RECONCILIATION, True, LATCHED),
    (MISSED, True, LATCHED),
    (DATA_GATE_GAP, True, LATCHED),
    (RECONCILIATION, False, RECONCILIATION),
    (MISSED, False, MISSED),
    (DATA_GATE_GAP, False, DATA_GATE_GAP),
    (DATA_GATE_LATE, False, DATA_GATE_LATE),
    (NOT_TRADED, True, LATCHED),
    (NOT_TRADED, False, NOT_TRADED),
    (NO_DECISION, True, LATCHED),
    (NO_DECISION, False, POSITION_OPEN),
)


@pytest.mark.parametrize(("gate", "is_latched", "expected"), GATES)
def test_a_live_gate_comes_before_the_position_and_around_the_latch(
    gate: int, is_latched: bool, expected: int
) -> None:
    book, scratch = new_book(1, 1e4), new_scratch(1, orb.MEMORY)
    signals = new_signals(1, 1)
    rules = make_plan(["AAA"], {}).rules()
    book.quantity[0] = 1
    book.flags[BOOK_LATCHED] = is_latched
    signals.reason[0, 0] = BAR_MISSING
    decide(book, rules, scratch, signals, 0, np.array([gate], np.uint8), np.ones(1), 1e4)
    assert int(signals.reason[0, 0]) == expected


def test_changes_keeps_the_rows_where_the_reason_differs_from_the_bar_before() -> None:
    days = [{"AAA": [RANGE, UP]}, {"AAA": [RANGE, UP]}]
    case = Scenario("", days).case()
    everything = run_openbell(case).decisions
    changes = run_backtest(panel_of(case), plan_of(case), keep="changes").decisions
    entered, held, done = ENTER_LONG, POSITION_OPEN, MAX_ENTRIES
    assert everything[:, 2].tolist()[:6] == [entered, *[held] * 4, done]
    # And the same again in the next session.
    assert changes[:, 2].tolist() == [entered, held, done] * 2


def test_finer_rows_of_one_bar_of_all_symbols_are_put_in_order_whatever_their_numbers_are() -> None:
    grid = make_grid(sessions_between("NYSE", date(2024, 6, 3), date(2024, 6, 3)), 5)
    first = int(grid.start_us[0])
    start_us = np.array([first, first, first + 60_000_000, first + 60_000_000])
    prices = np.array([1.0, 2.0, 10.0, 20.0])
    rows = BarRows(np.array([0, 1, 0, 1], dtype=np.uint32), start_us, *[prices] * 5)

    panel = make_panel(rows, grid, ("AAA", "BBB"))

    assert panel.open[0].tolist() == [1.0, 2.0]
    assert panel.close[0].tolist() == [10.0, 20.0]
    assert panel.volume[0].tolist() == [11.0, 22.0]
