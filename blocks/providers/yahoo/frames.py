"""What yfinance's table of bars holds: closed bars on the grid, and splits."""

from __future__ import annotations

from typing import Any

import numpy as np

from blocks.providers.errors import EmptyAnswer
from blocks.providers.fetched_bars import FetchedBars, Split
from trading.errors import OpenbellError
from trading.market.bars import BarRows, Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE, from_microseconds

# A bar pulled live is whole when Yahoo has seen its end, but for so much of a pause in trading.
LAG_US = 30_000_000
LIVE_US = 20 * 60_000_000
COLUMNS = ("Open", "High", "Low", "Close", "Volume")


def bars_of(
    frame: Any,
    symbol: str,
    wanted: Integers,
    interval_minutes: int,
    fetched_us: int,
    seen_until_us: int | None,
) -> FetchedBars:
    """Return the bars of a symbol whose starts are `wanted`, microseconds since 1970 UTC.

    `frame` is what `Ticker.history` returns with actions and without dropping nulls;
    `seen_until_us` is the time of the last trade in it, if Yahoo said so. Raises EmptyAnswer
    when there is no row at all.
    """
    if not len(frame):
        raise EmptyAnswer(
            f"yahoo answered for {symbol} without any bar",
            "Bars were due by the calendar: try again, or use another provider",
        )
    starts: Integers = frame.index.tz_convert("UTC").as_unit("us").asi8.astype(np.int64)
    split = frame["Stock Splits"].to_numpy(dtype=np.float64)
    splits = tuple(
        Split(symbol, int(starts[row]), float(split[row])) for row in np.flatnonzero(split > 0)
    )
    # On the calendar's grid and over by our clock: neither the live row nor a closing print.
    kept = np.isin(starts, wanted)
    lags = kept.any() and _lags(
        int(starts[kept].max()), interval_minutes, fetched_us, seen_until_us
    )
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
        first = f"{from_microseconds(int(wanted[0])):%Y-%m-%d %H:%M} UTC"
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


def _lags(start_us: int, interval_minutes: int, fetched_us: int, seen_until_us: int | None) -> bool:
    """Return whether a bar is over by our clock, and Yahoo has not seen its end yet."""
    if seen_until_us is None:
        return False
    end_us = start_us + interval_minutes * MICROSECONDS_PER_MINUTE
    return fetched_us - end_us < LIVE_US and seen_until_us < end_us - LAG_US
