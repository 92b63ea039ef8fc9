"""Which symbols may trade today, judged at the close of the opening (rules, section 11)."""

from __future__ import annotations

import math

from trading.market.bars import Floats, Prices
from trading.reasons import NOT_ELIGIBLE, NOT_SELECTED
from trading.rules import Selection
from trading.selection.ranking import rank_all
from trading.selection.universe import BARS, HIGH, LOW, OPEN, Universe


def begin_opening(universe: Universe) -> None:
    """Begin a session whose opening has no bar yet."""
    for s in range(len(universe.verdict)):
        universe.verdict[s] = 0
        universe.opening[OPEN, s] = math.nan
        universe.opening[HIGH, s] = math.nan
        universe.opening[LOW, s] = math.nan
        universe.opening[BARS, s] = 0.0


def see_opening(universe: Universe, bar: int, prices: Prices) -> None:
    """Take a bar of the opening in, of every symbol that has it."""
    opened, high, low, close, _ = prices
    for s in range(len(close)):
        if math.isnan(close[s]):
            continue
        if bar == 0:
            universe.opening[OPEN, s] = opened[s]
        if universe.opening[BARS, s] == 0:
            universe.opening[HIGH, s] = high[s]
            universe.opening[LOW, s] = low[s]
        else:
            universe.opening[HIGH, s] = max(universe.opening[HIGH, s], high[s])
            universe.opening[LOW, s] = min(universe.opening[LOW, s], low[s])
        universe.opening[BARS, s] += 1


def judge_universe(
    selection: Selection,
    universe: Universe,
    session: int,
    daily_atr: Floats,
    daily_volume: Floats,
    relative_opening_volume: Floats,
) -> None:
    """Judge every symbol at the opening's close, and keep what by; values are of (symbols)."""
    symbols = len(universe.verdict)
    ranked = 0
    for s in range(symbols):
        price = universe.opening[OPEN, s]
        volume = relative_opening_volume[s]
        universe.price[session, s] = price
        universe.daily_atr[session, s] = daily_atr[s]
        universe.daily_volume[session, s] = daily_volume[s]
        universe.relative_opening_volume[session, s] = volume
        universe.rank[session, s] = 0
        is_eligible = (
            is_enough(price, selection.min_price)
            and is_enough(daily_atr[s], selection.min_daily_atr)
            and is_enough(daily_volume[s], selection.min_daily_volume)
            and is_enough(volume, selection.min_relative_opening_volume)
            and not (selection.select_top > 0 and math.isnan(volume))
        )
        universe.verdict[s] = 0 if is_eligible else NOT_ELIGIBLE
        is_whole = universe.opening[BARS, s] == selection.opening_bars
        is_flat = universe.opening[HIGH, s] == universe.opening[LOW, s]
        if is_eligible and is_whole and not is_flat and not math.isnan(volume):
            universe.strength[ranked] = volume
            universe.order[ranked] = s
            ranked += 1
    rank_all(universe.strength, universe.order, ranked)
    for place in range(ranked):
        s = universe.order[place]
        universe.rank[session, s] = place + 1
        if 0 < selection.select_top <= place:
            universe.verdict[s] = NOT_SELECTED
    for s in range(symbols):
        universe.reason[session, s] = universe.verdict[s]


def is_enough(value: float, least: float) -> bool:
    """Return whether a value reaches what is asked; nothing is asked with 0."""
    # Written so that a missing value is too small.
    return bool(least == 0 or value >= least)
