"""The built-in strategies say what their rules say, computed a second time in plain loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from tests.unit.replay.in_memory import run_live
from tests.unit.trading.strategies import plain_rules
from tests.unit.trading.strategies.plain_rules import Said, Seen
from trading.backtest.checks import noise_check
from trading.backtest.checks.look_ahead_check import look_ahead_test
from trading.backtest.run import STAGES, run_backtest
from trading.backtest.stage_arguments import PanelRun
from trading.engine.compile import link_interpreted
from trading.engine.tapes.decision_tape import KEEP_NONE
from trading.engine.tapes.trade_tape import FILLS
from trading.market.bars import NUMBERS
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.parameters import GATE_OFF
from trading.plan import BUILT_IN, RunPlan, make_plan
from trading.reasons import ENTER_LONG

SYMBOLS = ("AAA", "BBB", "CCC")
# Late enough that no decision is `after_cutoff` in its place.
WHOLE_DAY = {"entry_cutoff_minutes": 0, "flatten_minutes": 1, **GATE_OFF.model_dump()}
INTERVAL = 15
OTHERS = sorted(set(BUILT_IN) - {"orb"})


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Return three weeks with a half-day, one bar in fifty missing, and gaps over night."""
    sessions = sessions_between("NYSE", date(2025, 6, 20), date(2025, 7, 11))
    grid = make_grid(sessions, INTERVAL)
    panel = make_panel(simulated_rows(SYMBOLS, sessions, INTERVAL), grid, SYMBOLS)
    rng = np.random.default_rng(5)
    prices = {name: getattr(panel, name).copy() for name in NUMBERS}
    for begin in grid.first_row[1:-1]:
        for s in range(len(SYMBOLS)):
            shift = rng.normal(0.0, 0.02)
            for name in ("open", "high", "low", "close"):
                moved = prices[name][begin:, s] * (1 + shift)
                prices[name][begin:, s] = np.floor(moved * 10000 + 0.5) / 10000
    missing = rng.random(panel.close.shape) < 0.02
    missing[grid.first_row[5], 1] = True
    for values in prices.values():
        values[missing] = np.nan
    return replace(panel, **prices)


def said_by(panel: Panel, plan: RunPlan) -> list[dict[tuple[int, int], Said]]:
    """Return by symbol what a plan's strategy says of each present bar of a session."""
    run = PanelRun(panel, plan, KEEP_NONE, 0, 1000)
    sessions = len(panel.grid.sessions)
    room = run.room(panel.grid.rows)
    run.read(link_interpreted(plan.strategy_module, STAGES[0]), room, 0, sessions)
    found: list[dict[tuple[int, int], Said]] = []
    for s in range(len(panel.symbols)):
        seen = plain_rules.seen_of(panel, s)
        rows = panel.grid.first_row[seen.session] + seen.number
        said = {}
        for at, row in zip(zip(seen.session, seen.number, strict=True), rows, strict=True):
            reason = int(room.reason[row, s])
            numbers = (room.stop[row, s], room.target[row, s])
            if reason < ENTER_LONG:
                said[at] = Said(plan.word_of(reason))
            else:
                level = room.level[row, s] if len(room.level) else np.nan
                said[at] = Said(plan.word_of(reason), level, *numbers)
        found.append(said)
    return found


def assert_same(
    panel: Panel, plan: RunPlan, again: Iterable[Iterable[Said]], words: set[str]
) -> None:
    """The engine's strategy and the plain one say the same, and each word of `words` often."""
    counted: Counter[str] = Counter()
    for s, (said, plain) in enumerate(zip(said_by(panel, plan), again, strict=True)):
        seen = plain_rules.seen_of(panel, s)
        last = [int(n) for n in np.diff(panel.grid.first_row) - 1]
        for i, expected in enumerate(plain):
            day, number = seen.session[i], seen.number[i]
            if number >= last[day] - 1:
                continue  # an order made there would meet the end of the day
            got = said[day, number]
            counted[got.word] += 1
            assert got.word == expected.word, (s, day, number)
            assert got[1:] == pytest.approx(expected[1:], abs=1e-9, nan_ok=True), (s, day, number)
    assert words <= set(counted), words - set(counted)
    assert sum(counted.values()) > 1000


def each(panel: Panel) -> list[Seen]:
    return [plain_rules.seen_of(panel, s) for s in range(len(panel.symbols))]


def plan_of(name: str, **settings: object) -> RunPlan:
    return make_plan(
        SYMBOLS, {"strategy": name, **WHOLE_DAY, **settings}, interval_minutes=INTERVAL
    )


def test_ema_trend_enters_where_a_pullback_ends(panel: Panel) -> None:
    lengths = [int(n) for n in np.diff(panel.grid.first_row)]
    again = map(partial(plain_rules.ema_trend, bars=60 // INTERVAL, lengths=lengths), each(panel))
    words = {"enter_long", "enter_short", "own:no_trend", "own:no_pullback"}
    assert_same(panel, plan_of("ema_trend"), again, words | {"indicator_warming_up"})


def test_vwap_reversion_rests_a_limit_in_its_band(panel: Panel) -> None:
    words = {"enter_long", "enter_short", "own:near_vwap", "own:not_exhausted"}
    again = map(plain_rules.vwap_reversion, each(panel))
    assert_same(panel, plan_of("vwap_reversion"), again, words | {"indicator_warming_up"})


def test_vwap_reversion_orders_nothing_where_its_band_is_less_than_a_tick_away(
    panel: Panel,
) -> None:
    """Its target would be its entry: fees and slippage for nothing."""
    tiny = {"near_atr": 1e-9, "stretch_atr": 1e-9, "rsi_low": 50.0}
    found = said_by(panel, plan_of("vwap_reversion", **tiny))
    words = {said.word for of_symbol in found for said in of_symbol.values()}
    assert "own:near_vwap" in words
    assert not words & {"enter_long", "enter_short"}


def test_gap_fade_trades_back_towards_the_last_close(panel: Panel) -> None:
    words = {"enter_long", "enter_short", "own:gap_too_small", "own:gap_filled", "own:not_turning"}
    again = map(partial(plain_rules.gap_fade, least=0.005), each(panel))
    plan = plan_of("gap_fade", min_gap_pct=0.005)
    assert_same(panel, plan, again, words | {"range_incomplete", "indicator_warming_up"})


@pytest.mark.parametrize("name", OTHERS)
def test_shorts_are_off_where_they_are_not_allowed(panel: Panel, name: str) -> None:
    with_shorts = said_by(panel, plan_of(name, **{"min_gap_pct": 0.0} if "gap" in name else {}))
    without = said_by(
        panel,
        plan_of(name, allow_short=False, **{"min_gap_pct": 0.0} if "gap" in name else {}),
    )
    for one, other in zip(with_shorts, without, strict=True):
        shorts = {at for at, said in one.items() if said.word == "enter_short"}
        assert {at for at, said in other.items() if said.word == "short_disabled"} == shorts


@pytest.mark.parametrize("name", OTHERS)
def test_cutting_the_future_off_changes_nothing_before(panel: Panel, name: str) -> None:
    plan = make_plan(SYMBOLS, {"strategy": name}, interval_minutes=INTERVAL)
    result = look_ahead_test(panel, plan, cuts=5, seed=3)
    assert result.rows_compared > 1000
    assert result.differences == ()


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_is_earned_on_noise(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # Fewer walks than the command takes, of longer bars: an engine that leaks shows within these.
    monkeypatch.setattr(noise_check, "SYMBOLS", 20)
    plan = make_plan(("WALK",), {"strategy": name}, interval_minutes=INTERVAL)
    result = noise_check.null_test(plan, 300, seed=2, compiled=False)
    assert result.trades >= 300
    assert abs(result.z) < 3.5


@pytest.mark.parametrize("name", OTHERS)
def test_a_session_bar_by_bar_is_the_backtest(panel: Panel, name: str) -> None:
    settings = {"strategy": name, **({"min_gap_pct": 0.004} if name == "gap_fade" else {})}
    plan = make_plan(SYMBOLS, settings, interval_minutes=INTERVAL, capital=100_000.0)
    outcome = run_backtest(panel, plan, first_traded=8, compiled=False)
    run = run_live(panel, plan, first_traded=8)
    fills = [state.tape.fills[: state.tape.counts[FILLS]] for state in run.states]
    assert len(outcome.fills) >= 4
    assert np.concatenate(fills).tobytes() == outcome.fills.tobytes()
    assert run.differences == {}
