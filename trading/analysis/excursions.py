"""How far each trade went against and for its position before it was left: MAE and MFE.

MAE, the maximum adverse excursion, and MFE, the maximum favourable one: J. Sweeney, Maximum Adverse
Excursion (1997). Bars do not tell what came first inside them, and the worse is taken, as the
engine does: of the bar in which a stop fills only its open and the fill count; of the bar in which
a target fills the adverse extreme counts, and of favourable prices the fill; of a bar whose entry
fills after its open the adverse extreme counts, and of favourable prices the close.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading.analysis.trade_fills import TradeFills
from trading.market.bars import Floats, Integers
from trading.market.panel import Panel
from trading.reasons import LEG_EXIT, LEG_STOP, LEG_TARGET

Flags = NDArray[np.bool_]

_CELLS_AT_A_TIME = 200_000


@dataclass(frozen=True, slots=True)
class Excursions:
    """Arrays of (trades), from the entry's price and before fees; R is NaN where there is none.

    `mae` is never above and `mfe` never below nothing: USD of the whole position, and in R.
    """

    mae_usd: Floats
    mfe_usd: Floats
    mae_r: Floats
    mfe_r: Floats


def excursions_of(joined: TradeFills, panel: Panel, seen: Floats, offered: Floats) -> Excursions:
    """Return how far trades went; `seen` and `offered` are those of `offered_prices`."""
    trades, fills = joined.trades, joined.fills
    is_long = trades.side > 0
    adverse, favourable = _between(joined, panel, seen, offered)
    # Where the position was left its price counts, whatever kind of exit it was.
    last = joined.last_fill
    at = joined.row[last], trades.symbol.astype(np.int64)
    leg, price = fills.leg[last], fills.price[last]
    opened, low, high = panel.open[at], panel.low[at], panel.high[at]
    worst, best = np.where(is_long, low, high), np.where(is_long, high, low)
    is_same_bar = joined.row[joined.entry_fill] == joined.row[last]
    is_inside = _fills_inside(joined, panel, offered)
    # The open was before an entry that filled after it.
    known_open = np.where(is_same_bar & is_inside, np.nan, opened)
    lowest = np.select([leg == LEG_EXIT, leg == LEG_STOP], [price, known_open], worst)
    highest = np.select(
        [leg == LEG_EXIT, leg == LEG_STOP, leg == LEG_TARGET], [price, known_open, price], best
    )
    side = trades.side
    adverse = _least(side, adverse, lowest, price)
    favourable = _least(-side, favourable, highest, price)
    mae = np.minimum(side * (adverse - trades.entry_price), 0.0)
    mfe = np.maximum(side * (favourable - trades.entry_price), 0.0)
    risk = np.abs(trades.entry_price - trades.initial_stop)
    with np.errstate(all="ignore"):
        in_r = [np.where(risk > 0, each / risk, np.nan) for each in (mae, mfe)]
    return Excursions(mae * trades.quantity, mfe * trades.quantity, *in_r)


def _between(
    joined: TradeFills, panel: Panel, seen: Floats, offered: Floats
) -> tuple[Floats, Floats]:
    """Return the adverse and the favourable extreme of the bars before that of the last exit."""
    entry_row = joined.row[joined.entry_fill]
    bars = joined.row[joined.last_fill] - entry_row
    trades = len(bars)
    adverse, favourable = np.full((2, trades), np.nan)
    ends = np.cumsum(bars)
    is_inside = _fills_inside(joined, panel, offered)
    begin = 0
    while begin < trades:
        before = ends[begin - 1] if begin else 0
        end = int(np.searchsorted(ends, before + _CELLS_AT_A_TIME, side="right"))
        end = max(end, begin + 1)
        some = np.arange(begin, end)[bars[begin:end] > 0]
        if len(some):
            extremes = _of_some(joined, panel, seen, some, bars, is_inside)
            adverse[some], favourable[some] = extremes
        begin = end
    return adverse, favourable


def _of_some(
    joined: TradeFills,
    panel: Panel,
    seen: Floats,
    some: Integers,
    bars: Integers,
    is_inside: Flags,
) -> tuple[Floats, Floats]:
    held = bars[some]
    first = np.concatenate(([0], np.cumsum(held)[:-1]))
    number = np.arange(int(held.sum())) - np.repeat(first, held)
    rows = np.repeat(joined.row[joined.entry_fill[some]], held) + number
    symbols = np.repeat(joined.trades.symbol[some].astype(np.int64), held)
    is_long = np.repeat(joined.trades.side[some] > 0, held)
    close = seen[rows, symbols]
    high, low = panel.high[rows, symbols], panel.low[rows, symbols]
    adverse = np.where(is_long, low, high)
    favourable = np.where(is_long, high, low)
    only_close = (number == 0) & np.repeat(is_inside[some], held)
    favourable = np.where(only_close, close, favourable)
    missing = np.isnan(close)
    sign = np.where(is_long, 1.0, -1.0)
    worst = np.minimum.reduceat(np.where(missing, np.inf, sign * adverse), first)
    best = np.maximum.reduceat(np.where(missing, -np.inf, sign * favourable), first)
    side = joined.trades.side[some]
    return (
        np.where(np.isfinite(worst), side * worst, np.nan),
        np.where(np.isfinite(best), side * best, np.nan),
    )


def _fills_inside(joined: TradeFills, panel: Panel, offered: Floats) -> Flags:
    """Return of which trades the entry filled after the open of its bar."""
    entry = joined.entry_fill
    opened = panel.open[joined.row[entry], joined.trades.symbol.astype(np.int64)]
    is_inside: Flags = offered[entry] != opened
    return is_inside


def _least(side: Floats, *prices: Floats) -> Floats:
    """Return of prices the lowest for a side of 1 and the highest for one of -1; NaN is none."""
    least = side * prices[0]
    for each in prices[1:]:
        least = np.fmin(least, side * each)
    return side * least
