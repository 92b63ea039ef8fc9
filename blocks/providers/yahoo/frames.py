"""What yfinance's table of bars holds: closed bars on the grid, and splits."""

from __future__ import annotations

from typing import Any

import numpy as np

from blocks.providers.errors import EmptyAnswer
from blocks.providers.fetched_bars import DAY_MINUTES, FetchedBars, Spans, Split
from trading.errors import OpenbellError
from trading.market.bars import BarRows, Integers
from trading.market.calendar import from_microseconds

# A bar pulled live is whole when Yahoo has seen its end, but for so much of a pause in trading.
LAG_US = 30_000_000
LIVE_US = 20 * 60_000_000
COLUMNS = ("Open", "High", "Low", "Close", "Volume")


def bars_of(
    frame: Any,
    symbol: str,
    wanted: Spans,
    interval_minutes: int,
    fetched_us: int,
    seen_until_us: int | None,
) -> FetchedBars:
    """Return the bars of a symbol that are wanted.

    `frame` is what `Ticker.history` returns with actions and without dropping nulls;
    `seen_until_us` is the time of the last trade in it, if Yahoo said so. Raises EmptyAnswer
    when there is no row at all.
    """
    if not len(frame):
        raise EmptyAnswer(
            f"yahoo answered for {symbol} without any bar",
            "Bars were due by the calendar: try again, or use another provider",
        )
    starts = _starts(frame.index, wanted, interval_minutes)
    split = frame["Stock Splits"].to_numpy(dtype=np.float64)
    splits = tuple(
        Split(symbol, int(starts[row]), float(split[row])) for row in np.flatnonzero(split > 0)
    )
    # On the calendar's grid and over by our clock: neither the live row nor a closing print.
    kept = np.isin(starts, wanted.start_us)
    lags = False
    if kept.any():
        newest = np.searchsorted(wanted.start_us, starts[kept].max())
        lags = _lags(int(wanted.end_us[newest]), fetched_us, seen_until_us)
    if lags:
        kept &= starts != starts[kept].max()
    starts = starts[kept]
    opened, high, low, close, volume = (
        frame[name].to_numpy(dtype=np.float64)[kept] for name in COLUMNS
    )
    priced = ~np.isnan(opened + high + low + close)
    nothing = np.zeros(len(starts), dtype=np.int64)
    rows = BarRows(nothing, starts, opened, high, low, close, volume, interval_minutes)
    failures: dict[str, OpenbellError] = {}
    if not priced.any():
        first = f"{from_microseconds(int(wanted.start_us[0])):%Y-%m-%d %H:%M} UTC"
        what = (
            f"yahoo gave the bars of {symbol} from {first} without prices"
            if len(starts)
            else f"yahoo has no finished bar of {symbol} from {first} yet"
        )
        if lags and seen_until_us is not None:
            what += f", its last trade is of {from_microseconds(seen_until_us):%H:%M:%S} UTC"
        failures[symbol] = EmptyAnswer(what, "It is late, halted, or was not traded")
    fetched = np.full(len(starts), fetched_us, dtype=np.int64)
    return FetchedBars((symbol,), rows, ("yahoo",), nothing, fetched, failures, splits).keep(priced)


def _starts(index: Any, wanted: Spans, interval_minutes: int) -> Integers:
    """Return the starts of rows; a day, whose row bears midnight there, begins at its open."""
    starts: Integers = index.tz_convert("UTC").as_unit("us").asi8.astype(np.int64)
    if interval_minutes != DAY_MINUTES:
        return starts
    opens = [from_microseconds(us).astimezone(index.tz).date() for us in wanted.start_us.tolist()]
    open_us = dict(zip(opens, wanted.start_us.tolist(), strict=True))
    days = [open_us.get(day, us) for day, us in zip(index.date, starts.tolist(), strict=True)]
    return np.array(days, dtype=np.int64)


def _lags(end_us: int, fetched_us: int, seen_until_us: int | None) -> bool:
    """Return whether a bar is over by our clock, and Yahoo has not seen its end yet."""
    if seen_until_us is None:
        return False
    return fetched_us - end_us < LIVE_US and seen_until_us < end_us - LAG_US
