"""What each fill was offered before slippage made it worse, by the rules of fills (section 4).

A market order was offered its bar's open, an assumed close the symbol's last close, a target its
own price. A stop was offered its level or a worse open. The level of a stop that trailed, and of
an entry that rested, is on no tape: it is found again from the price of the fill, for slippage is
a known share of it and a level stands on the tick.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading.analysis.trade_fills import TradeFills
from trading.market.bars import Floats, Integers
from trading.market.panel import Panel
from trading.prices import LOWEST_FILL_PRICE, UNITS_PER_DOLLAR, r4_array
from trading.reasons import LEG_ASSUMED_CLOSE, LEG_ENTRY, LEG_EXIT, LEG_STOP
from trading.rules import Rules


def offered_prices(joined: TradeFills, panel: Panel, seen: Floats, rules: Rules) -> Floats:
    """Return what each fill was offered, USD.

    `seen` (bars, symbols) are the closes that the run saw: NaN where a bar is missing or rejected.
    """
    fills = joined.fills
    row, symbol = joined.row, fills.symbol.astype(np.int64)
    opened = panel.open[row, symbol]
    slippage = _slippage(joined, panel, seen, rules)
    offered = fills.price.copy()
    at_open = (fills.leg == LEG_EXIT) | ((fills.leg == LEG_ENTRY) & (not rules.has_orders))
    offered[at_open] = opened[at_open]
    assumed = fills.leg == LEG_ASSUMED_CLOSE
    offered[assumed] = seen[row[assumed], symbol[assumed]]
    if rules.has_orders:
        entries = np.flatnonzero(fills.leg == LEG_ENTRY)
        offered[entries] = _entry_offers(joined, entries, opened, slippage, rules)
    stops = np.flatnonzero(fills.leg == LEG_STOP)
    offered[stops] = _stop_offers(joined, stops, opened, slippage, rules)
    return offered


def slipped_prices(offered: Floats, side: Floats, slippage: Floats) -> Floats:
    """Return offers made worse by a share of them, `side` 1 for buys and -1 for sells."""
    return np.maximum(r4_array(offered * (1 + side * slippage)), LOWEST_FILL_PRICE)


def _slippage(joined: TradeFills, panel: Panel, seen: Floats, rules: Rules) -> Floats:
    """Return by how much each fill slips if it does, as a share of its offer."""
    fills, row = joined.fills, joined.row
    symbol = fills.symbol.astype(np.int64)
    slippage = np.full(len(row), rules.slippage)
    if rules.volatility_factor > 0:
        before = _present_before(seen, panel.grid.first_row, row, symbol)
        known = np.flatnonzero(before >= 0)
        at = before[known], symbol[known]
        spread = (panel.high[at] - panel.low[at]) / seen[at]
        slippage[known] += rules.volatility_factor * spread
    if rules.impact_factor > 0:
        volume = panel.volume[row, symbol]
        traded = np.flatnonzero(volume > 0)
        share = np.abs(fills.quantity[traded]) / volume[traded]
        slippage[traded] += rules.impact_factor * np.sqrt(share)
    return slippage


def _present_before(seen: Floats, first_row: Integers, row: Integers, symbol: Integers) -> Integers:
    """Return the symbol's bar before each row in its session, -1 where there is none."""
    begin = first_row[np.searchsorted(first_row, row, side="right") - 1]
    before = row - 1
    looking = np.arange(len(row))
    while len(looking):
        looking = looking[before[looking] >= begin[looking]]
        looking = looking[np.isnan(seen[before[looking], symbol[looking]])]
        before[looking] -= 1
    return np.where(before >= begin, before, -1)


def _entry_offers(
    joined: TradeFills, at: Integers, opened: Floats, slippage: Floats, rules: Rules
) -> Floats:
    """Return the offers of entries that may have rested: an open, or a level inside the bar."""
    price, side = joined.fills.price[at], np.sign(joined.fills.quantity[at])
    open_, share = opened[at], slippage[at]
    # Nobody slips for the better: an entry under the open (a short above it) is a limit's.
    is_limit = side * (price - open_) <= 0
    from_open = slipped_prices(open_, side, share) == price
    level, is_found = _level_of(price, side, share, rules.tick_units)
    # With impact a fill may have slipped by more shares than it got: then only ticks are levels.
    is_level = is_found if rules.impact_factor == 0 else is_found & _on_tick(level, rules)
    offered = np.where(is_level & ~from_open, level, open_)
    return np.where(is_limit, price, offered)


def _stop_offers(
    joined: TradeFills, at: Integers, opened: Floats, slippage: Floats, rules: Rules
) -> Floats:
    """Return the offers of stops: the level, or the open where that was worse already."""
    price, side = joined.fills.price[at], np.sign(joined.fills.quantity[at])
    open_, share = opened[at], slippage[at]
    trade = joined.trade[at]
    first_stop = np.where(trade >= 0, joined.trades.initial_stop[trade], np.nan)
    # A sell's worse price is the lower one, a buy's the higher one.
    worse = side * np.fmax(side * open_, side * first_stop)
    offered, _ = _level_of(price, side, share, rules.tick_units)
    for offer in (open_, first_stop, worse):
        offered = np.where(slipped_prices(offer, side, share) == price, offer, offered)
    return offered


def _level_of(
    price: Floats, side: Floats, share: Floats, tick_units: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return prices of which slippage makes those of fills, on a tick where one is, and which are.

    Where none is found the nearest price is returned.
    """
    with np.errstate(all="ignore"):
        nearest = np.floor(price / (1 + side * share) * UNITS_PER_DOLLAR + 0.5)
    level = nearest / UNITS_PER_DOLLAR
    is_found = np.zeros(len(price), dtype=np.bool_)
    is_on_tick = np.zeros(len(price), dtype=np.bool_)
    for step in (0, -1, 1, -2, 2):
        units = nearest + step
        tried = units / UNITS_PER_DOLLAR
        fits = slipped_prices(tried, side, share) == price
        on_tick = fits & (np.mod(units, tick_units) == 0)
        taken = (fits & ~is_found) | (on_tick & ~is_on_tick)
        level = np.where(taken, tried, level)
        is_found |= fits
        is_on_tick |= on_tick
    return level, is_found


def _on_tick(price: Floats, rules: Rules) -> NDArray[np.bool_]:
    units = np.floor(price * UNITS_PER_DOLLAR + 0.5)
    on_tick: NDArray[np.bool_] = np.mod(units, rules.tick_units) == 0
    return on_tick
