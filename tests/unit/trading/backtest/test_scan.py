"""A scan of a universe trades what a backtest of all its bars trades, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.trading.backtest.universe_markets import (
    FIRST_TRADED,
    INTERVAL,
    SESSIONS,
    market,
)
from trading.backtest import scan as scanning
from trading.backtest.run import Outcome, run_backtest
from trading.backtest.scan import Scanned, is_covered, scan
from trading.engine.tapes.trade_tape import DecisionRow
from trading.market.bars import Floats, Integers
from trading.market.calendar import make_grid
from trading.market.panel import Defects, Panel
from trading.plan import RunPlan, make_plan
from trading.reasons import ENTER_LONG, NOT_SELECTED

COUNT = 16
SYMBOLS = tuple(f"S{number:03d}" for number in range(COUNT))


class PanelUniverse:
    """The universe of a panel, which counts what was read of it whole."""

    def __init__(self, panel: Panel, plan: RunPlan) -> None:
        self.panel = panel
        self.opening_bars = plan.rules().selection.opening_bars
        self.quiet = plan.thresholds().quiet
        self.loud = 0

    def at_rest(self, first: int, end: int) -> Panel:
        grid = self.panel.grid
        parts = []
        for session in range(first, end):
            rows = slice(*grid.first_row[session : session + 2])
            bars = [values[rows].copy() for values in self.panel.prices]
            rest = [values[self.opening_bars :] for values in bars]
            lowest, highest = np.fmin.reduce(bars[2]), np.fmax.reduce(bars[1])
            calm = highest - lowest <= self.quiet * lowest
            there = ~np.isnan(bars[3])
            self.loud += int(np.count_nonzero(there.any(axis=0) & ~calm))
            for s in np.flatnonzero(calm & there[self.opening_bars :].any(axis=0)):
                present = np.flatnonzero(there[self.opening_bars :, s])
                one = (
                    rest[0][present[0], s], highest[s], lowest[s], rest[3][present[-1], s],
                    np.nansum(rest[4][:, s]),
                )  # fmt: skip
                for values, value in zip(rest, one, strict=True):
                    values[:, s] = np.nan
                    values[0, s] = value
            parts.append(bars)
        columns = [np.concatenate(part) for part in zip(*parts, strict=True)]
        sessions = grid.sessions[first:end]
        return Panel(make_grid(sessions, INTERVAL), SYMBOLS, *columns, defects=Defects())

    def whole_days(self, first: int, end: int, wanted: NDArray[np.bool_]) -> tuple[Integers, Panel]:
        numbers = np.flatnonzero(wanted.any(axis=0))
        grid = self.panel.grid
        rows = slice(int(grid.first_row[first]), int(grid.first_row[end]))
        columns = [values[rows][:, numbers] for values in self.panel.prices]
        symbols = tuple(SYMBOLS[number] for number in numbers)
        part = make_grid(grid.sessions[first:end], INTERVAL)
        return numbers, Panel(part, symbols, *columns, defects=Defects())


STOCKS_IN_PLAY: dict[str, Any] = {
    "range_minutes": 30, "entry": "stop", "direction": "first_bar", "stop": "daily_atr",
    "target": "none", "select_top": 5, "min_price": 5, "min_daily_atr": 0.1,
    "min_daily_volume": 10_000, "leverage": 4, "max_position_pct": 1, "max_positions": 3,
}  # fmt: skip
PLANS: dict[str, dict[str, Any]] = {
    "top": {"range_minutes": 60, "select_top": 4, "min_body": 0},
    "thresholds alone": {"range_minutes": 30, "min_price": 20, "min_body": 0},
    "relative volume": {"range_minutes": 30, "min_relative_opening_volume": 1.2, "min_body": 0},
    "stocks in play": STOCKS_IN_PLAY,
    "no gate": {
        **STOCKS_IN_PLAY, "gate_spike": 0, "gate_jump": 0, "gate_gap": 0, "gate_stale": 0,
        "gate_zero_volume": False,
    },
    "latch and costs": {
        "range_minutes": 60, "select_top": 6, "min_body": 0, "max_daily_loss_pct": 0.005,
        "target": "daily_atr", "volatility_factor": 0.1, "commission_per_share": 0.01,
    },
}  # fmt: skip


def scanned(panel: Panel, plan: RunPlan, **how: Any) -> Scanned:
    return scan(
        PanelUniverse(panel, plan), panel.grid, plan, first_traded=FIRST_TRADED, compiled=False,
        **how,
    )  # fmt: skip


def decisions_of_selected(outcome: Outcome, panel: Panel) -> Floats:
    """Return the decisions of symbols on the days on which they were selected."""
    rows = outcome.decisions
    at: DecisionRow[Floats] = DecisionRow(*rows.T)
    starts = panel.grid.start_us[panel.grid.first_row[:-1]]
    session = np.searchsorted(starts, at.us, side="right") - 1
    assert outcome.universe is not None
    return rows[outcome.universe.reason[session, at.symbol.astype(np.int64)] == 0]


def assert_same(one: Outcome, other: Outcome, panel: Panel) -> None:
    """All that was traded and judged is the same to the last bit."""
    assert one.universe is not None
    assert other.universe is not None
    for name in ("fills", "trades", "equity"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    # The first arrays are of a session in progress.
    for name in ("reason", "rank", "price", "daily_atr", "daily_volume", "relative_opening_volume"):
        ours, theirs = getattr(one.universe, name), getattr(other.universe, name)
        assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"), name
    kept = [decisions_of_selected(outcome, panel) for outcome in (one, other)]
    assert np.array_equal(*kept, equal_nan=True)


@pytest.mark.parametrize(("seed", "name"), list(enumerate(PLANS)))
def test_a_scan_trades_what_a_backtest_trades(
    seed: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, plan = market(seed, COUNT), make_plan(SYMBOLS, PLANS[name], interval_minutes=INTERVAL)
    assert is_covered(plan)
    plain = run_backtest(panel, plan, first_traded=FIRST_TRADED, keep="changes", compiled=False)
    # Parts of some sessions, the first of which only warm up.
    monkeypatch.setattr(scanning, "BARS_AT_A_TIME", 13 * 5 * len(SYMBOLS))

    found = scanned(panel, plan)

    assert len(plain.trades) > 0
    assert_same(found.outcome, plain, panel)
    # Of everybody else there is one row a session.
    reasons = found.outcome.log.reason
    if "select_top" in PLANS[name]:
        assert np.count_nonzero(reasons == NOT_SELECTED) > 0
    others = len(found.outcome.decisions) - len(decisions_of_selected(found.outcome, panel))
    traded = len(SESSIONS) - FIRST_TRADED
    assert others <= traded * len(SYMBOLS) - found.days


def test_the_markets_of_these_tests_meet_what_forgets_the_past() -> None:
    plan = make_plan(SYMBOLS, STOCKS_IN_PLAY, interval_minutes=INTERVAL)
    counts: dict[str, int] = {}
    for seed in range(2):
        universe = PanelUniverse(market(seed, COUNT), plan)
        gate = run_backtest(market(seed, COUNT), plan, compiled=False).gate
        counts = {name: counts.get(name, 0) + count for name, count in gate.counts.items()}
        universe.at_rest(0, len(SESSIONS))
        # And yet most days are looked at, and not read.
        assert universe.loud < 0.5 * len(SESSIONS) * len(SYMBOLS)
    assert min(counts[name] for name in ("spike", "jump", "new_level", "gap")) > 5


def test_what_a_decision_of_a_scan_shows_is_what_it_saw() -> None:
    panel, plan = market(1, COUNT), make_plan(SYMBOLS, PLANS["top"], interval_minutes=INTERVAL)
    outcome = scanned(panel, plan, keep="all").outcome
    entries = outcome.decisions[outcome.log.reason >= ENTER_LONG]
    assert len(entries) > 0
    row = np.searchsorted(panel.grid.start_us, entries[:, 0])
    assert np.array_equal(entries[:, 3], panel.close[row, entries[:, 1].astype(np.int64)])


@pytest.mark.parametrize(
    "settings",
    [{}, {"select_top": 5, "stop": "atr"}, {"select_top": 5, "volume_filter": True}],
    ids=["nothing selected", "atr", "mean volume"],
)
def test_what_needs_the_bars_of_earlier_sessions_is_not_scanned(settings: dict[str, Any]) -> None:
    settings = {"range_minutes": INTERVAL, **settings}

    assert not is_covered(make_plan(SYMBOLS, settings, interval_minutes=INTERVAL))
