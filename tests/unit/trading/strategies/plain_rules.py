"""The rules of the built-in strategies a second time: TA-Lib, loops and docs/strategies.md."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import talib

from trading.market.bars import Floats
from trading.market.panel import Panel


class Said(NamedTuple):
    """What is to be said of one bar: a reason's word and, to enter, the order's numbers."""

    word: str
    level: float = math.nan
    stop: float = math.nan
    target: float = math.nan


class Seen(NamedTuple):
    """One symbol's present bars in time order, and where in the grid each stands."""

    session: list[int]
    number: list[int]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def seen_of(panel: Panel, s: int) -> Seen:
    """Return a symbol's bars that are present."""
    rows = np.flatnonzero(~np.isnan(panel.close[:, s]))
    sessions = [int(np.searchsorted(panel.grid.first_row, r, "right")) - 1 for r in rows]
    numbers = [int(r - panel.grid.first_row[d]) for r, d in zip(rows, sessions, strict=True)]
    prices = (getattr(panel, name)[rows, s] for name in ("open", "high", "low", "close", "volume"))
    return Seen(sessions, numbers, *prices)


def down(price: float, tick: float = 0.01) -> float:
    """Return the tick at or below a price of four decimals."""
    units, each = math.floor(price * 10000 + 0.5), round(tick * 10000)
    return units // each * each / 10000


def up(price: float, tick: float = 0.01) -> float:
    """Return the tick at or above a price of four decimals."""
    units, each = math.floor(price * 10000 + 0.5), round(tick * 10000)
    return (units + each - 1) // each * each / 10000


def coarse_trend(
    seen: Seen, bars: int, lengths: list[int], mean_bars: int
) -> list[tuple[float, float]]:
    """Return the last closed coarser bar's close and the mean of such, at each bar.

    A coarser bar is `bars` of the grid's, of which each session has its own number in `lengths`.
    """
    closed: list[tuple[int, int, float]] = []
    for d, k, price in zip(seen.session, seen.number, seen.close, strict=True):
        end = min((k // bars + 1) * bars, lengths[d])
        if closed and closed[-1][:2] == (d, end):
            closed.pop()
        closed.append((d, end, float(price)))
    closes = np.array([price for *_, price in closed])
    means = talib.EMA(closes, mean_bars)
    found = []
    for d, k in zip(seen.session, seen.number, strict=True):
        known = [i for i, (day, end, _) in enumerate(closed) if (day, end) <= (d, k + 1)]
        found.append((closes[known[-1]], means[known[-1]]) if known else (math.nan, math.nan))
    return found


def ema_trend(seen: Seen, *, bars: int, lengths: list[int]) -> Iterator[Said]:
    """Yield what the defaults of ema_trend say of each bar; `bars` make an hour."""
    fast, slow = talib.EMA(seen.close, 9), talib.EMA(seen.close, 21)
    atr = talib.ATR(seen.high, seen.low, seen.close, 14)
    for i, (coarse, mean) in enumerate(coarse_trend(seen, bars, lengths, 20)):
        high, low, close = seen.high[i], seen.low[i], seen.close[i]
        if np.isnan([slow[i], atr[i], mean]).any():
            yield Said("indicator_warming_up")
        elif fast[i] > slow[i] and coarse > mean:
            if low <= fast[i] and close > fast[i]:
                level = up(high + 0.01)
                yield Said("enter_long", level, down(level - 1.5 * atr[i]), 2.0)
            else:
                yield Said("own:no_pullback")
        elif fast[i] < slow[i] and coarse < mean:
            if high >= fast[i] and close < fast[i]:
                level = down(low - 0.01)
                yield Said("enter_short", level, up(level + 1.5 * atr[i]), 2.0)
            else:
                yield Said("own:no_pullback")
        else:
            yield Said("own:no_trend")


def vwap_reversion(seen: Seen) -> Iterator[Said]:
    """Yield what the defaults of vwap_reversion say of each bar."""
    rsi = talib.RSI(seen.close, 14)
    atr = talib.ATR(seen.high, seen.low, seen.close, 14)
    money = shares = 0.0
    day = -1
    for i, close in enumerate(seen.close):
        if seen.session[i] != day:
            day, money, shares = seen.session[i], 0.0, 0.0
        money += (seen.high[i] + seen.low[i] + close) / 3 * seen.volume[i]
        shares += seen.volume[i]
        vwap = money / shares if shares else math.nan
        if np.isnan([vwap, rsi[i], atr[i]]).any():
            yield Said("indicator_warming_up")
        elif 2 * atr[i] < 0.01 or abs(close - vwap) < atr[i]:
            yield Said("own:near_vwap")
        elif close < vwap:
            level = down(vwap - 2 * atr[i])
            entry = Said("enter_long", level, down(level - 1.5 * atr[i]), vwap - level)
            yield entry if rsi[i] <= 35 else Said("own:not_exhausted")
        else:
            level = up(vwap + 2 * atr[i])
            entry = Said("enter_short", level, up(level + 1.5 * atr[i]), level - vwap)
            yield entry if rsi[i] >= 65 else Said("own:not_exhausted")


def gap_fade(seen: Seen, *, least: float) -> Iterator[Said]:
    """Yield what gap_fade says of each bar with a smallest gap and its other defaults."""
    last = opened = math.nan
    day = -1
    highest = lowest = math.nan
    for i, close in enumerate(seen.close):
        if seen.session[i] != day:
            last = float(seen.close[i - 1]) if i else math.nan
            day = seen.session[i]
            opened = float(seen.open[i]) if seen.number[i] == 0 else math.nan
            highest, lowest = float(seen.high[i]), float(seen.low[i])
        highest, lowest = max(highest, seen.high[i]), min(lowest, seen.low[i])
        gap = opened - last
        if math.isnan(opened):
            yield Said("range_incomplete")
        elif math.isnan(last):
            yield Said("indicator_warming_up")
        elif gap == 0 or abs(gap) < least * last:
            yield Said("own:gap_too_small")
        elif abs(gap) > 0.06 * last:
            yield Said("own:gap_too_large")
        elif (close >= last) if gap < 0 else (close <= last):
            yield Said("own:gap_filled")
        elif gap < 0:
            entry = Said("enter_long", stop=down(lowest), target=last - close)
            yield entry if close > opened else Said("own:not_turning")
        else:
            entry = Said("enter_short", stop=up(highest), target=close - last)
            yield entry if close < opened else Said("own:not_turning")
