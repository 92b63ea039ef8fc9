"""Small markets for hypothesis: bars of 60 minutes on a grid of cents, and settings to match."""

from __future__ import annotations

from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.oracle.comparison import panel_of
from tests.oracle.random_markets import Case
from tests.oracle.reference.bars import MINUTE, Row
from tests.unit.trading.scenarios.scenario import INTERVAL_MINUTES, june_sessions
from trading.errors import BadInput

BARS_OF_A_DAY = 7

SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "range_minutes": st.sampled_from([60, 60, 120]),
    "breakout_on": st.sampled_from(["close", "wick"]),
    "breakout_buffer": st.sampled_from([0.0, 0.0, 0.1]),
    "min_body": st.sampled_from([-1.0, -1.0, 0.0, 0.5]),
    "allow_short": st.booleans(),
    "entry_cutoff_minutes": st.sampled_from([0, 30, 60, 90, 91, 150]),
    "max_entries": st.integers(1, 3),
    "target": st.sampled_from(["range", "none"]),
    "target_multiple": st.sampled_from([0.5, 1.0, 2.0]),
    "trailing": st.sampled_from(["none", "breakeven"]),
    "trail_trigger_r": st.sampled_from([0.0, 0.5, 1.0]),
    "flatten_minutes": st.sampled_from([1, 5, 30, 31, 91]),
    "tick": st.sampled_from([0.01, 0.05, 0.25]),
    "risk_per_trade": st.sampled_from([0.01, 0.1, 1.0]),
    "max_position_pct": st.sampled_from([0.2, 0.6, 1.0]),
    "max_positions": st.integers(1, 3),
    "max_daily_loss_pct": st.sampled_from([0.005, 0.03, 1.0]),
    "slippage_bps": st.sampled_from([0.0, 5.0, 200.0]),
    "impact_factor": st.sampled_from([0.0, 0.1]),
    "volatility_factor": st.sampled_from([0.0, 0.2]),
    "max_participation": st.sampled_from([0.0, 0.1, 1.0]),
    "commission_per_share": st.sampled_from([0.0, 0.01]),
    "commission_minimum": st.sampled_from([0.0, 1.0]),
}


@st.composite
def bars(draw: st.DrawFn) -> tuple[float, ...] | None:
    """Draw one bar in cents around 100 USD, or a missing one."""
    if draw(st.integers(0, 11)) == 11:
        return None
    opened = draw(st.integers(9_700, 10_300))
    close = opened + draw(st.integers(-200, 200))
    high = max(opened, close) + draw(st.integers(0, 120))
    low = min(opened, close) - draw(st.integers(0, 120))
    volume = draw(st.sampled_from([1e6, 1e6, 1e6, 300.0, 50.0, 0.0]))
    return opened / 100, high / 100, low / 100, close / 100, volume


def is_taken(case: Case) -> bool:
    """Return whether a market's gaps let it pass for one of its interval at all."""
    try:
        panel_of(case)
    except BadInput:
        return False
    return True


@st.composite
def small_cases(draw: st.DrawFn, **fixed: Any) -> Case:
    """Draw a market of one or two days and up to three symbols; `fixed` settings stay."""
    sessions = june_sessions()[: draw(st.integers(1, 2))]
    symbols = ("AAA", "BBB", "CCC")[: draw(st.integers(1, 3))]
    settings = draw(st.fixed_dictionaries(SETTINGS))
    rows: list[Row] = []
    for symbol in symbols:
        for _, opened, _ in sessions:
            day = draw(st.lists(bars(), min_size=BARS_OF_A_DAY, max_size=BARS_OF_A_DAY))
            for k, bar in enumerate(day):
                if bar is not None:
                    start = opened + k * INTERVAL_MINUTES * MINUTE
                    o, h, low, c, volume = bar
                    rows.append((symbol, start, o, h, low, c, volume))
    capital = draw(st.sampled_from([500.0, 10_000.0, 200_000.0]))
    case = Case(
        0,
        "NYSE",
        sessions,
        INTERVAL_MINUTES,
        symbols,
        capital,
        0,
        {**settings, **fixed},
        tuple(rows),
    )
    assume(is_taken(case))
    return case
