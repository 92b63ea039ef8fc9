"""Bars as rows, in the order in which a source gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Chosen = NDArray[np.bool_] | Integers | slice
PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")


class Prices(NamedTuple):
    """What bars traded at, USD, and how much, shares; NaN where a bar is missing.

    Arrays of (bars, symbols), or of (symbols) for one bar.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def bar_of(prices: Prices, row: int) -> Prices:
    """Return one bar of every symbol, as views of the arrays of (bars, symbols)."""
    return Prices(
        prices.open[row],
        prices.high[row],
        prices.low[row],
        prices.close[row],
        prices.volume[row],
    )


@dataclass(frozen=True, slots=True)
class BarRows:
    """Rows in the order of their source, one array element a row.

    `symbol` indexes the configured symbols; `start_us` is the row's own stamp in microseconds
    since 1970 UTC; prices in USD; volume in shares. `interval_minutes` is what the source
    declares, or None.
    """

    symbol: NDArray[np.integer[Any]]
    start_us: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    interval_minutes: int | None = None

    def __len__(self) -> int:
        return len(self.start_us)

    def number(self, name: str) -> Floats:
        """Return one of NUMBERS."""
        column: Floats = getattr(self, name)
        return column

    def take(self, keep: Chosen) -> BarRows:
        """Return the chosen rows."""
        return BarRows(
            self.symbol[keep],
            self.start_us[keep],
            self.open[keep],
            self.high[keep],
            self.low[keep],
            self.close[keep],
            self.volume[keep],
            self.interval_minutes,
        )


@dataclass(frozen=True, slots=True)
class LateRows:
    """Rows as in BarRows whose numbers are still in their file.

    `number(name)` reads one of NUMBERS. Whoever needs one column after the other holds no more
    than one in memory, which is quicker than to hold them all.
    """

    symbol: NDArray[np.integer[Any]]
    start_us: Integers
    number: Callable[[str], Floats]
    interval_minutes: int | None = None

    def __len__(self) -> int:
        return len(self.start_us)

    def take(self, keep: Chosen) -> LateRows:
        """Return the chosen rows."""
        return LateRows(
            self.symbol[keep],
            self.start_us[keep],
            lambda name: self.number(name)[keep],
            self.interval_minutes,
        )


AnyRows = BarRows | LateRows


def in_blocks(rows: AnyRows, length: int) -> list[AnyRows]:
    """Return the rows as views of so many at most, in order."""
    begins = range(0, len(rows), length)
    return [rows.take(slice(begin, begin + length)) for begin in begins]


def join_rows(blocks: Sequence[AnyRows], interval_minutes: int | None) -> BarRows:
    """Return rows one after the other, with the interval that their source declares."""
    if len(blocks) == 1:
        only = blocks[0]
        if isinstance(only, BarRows) and only.interval_minutes == interval_minutes:
            return only

    def joined(parts: list[NDArray[Any]], kind: type) -> NDArray[Any]:
        # An empty array first: no block at all still has a type.
        return np.concatenate([np.zeros(0, kind), *parts])

    real = [joined([block.number(name) for block in blocks], np.float64) for name in NUMBERS]
    return BarRows(
        joined([block.symbol for block in blocks], np.int64),
        joined([block.start_us for block in blocks], np.int64),
        real[0],
        real[1],
        real[2],
        real[3],
        real[4],
        interval_minutes,
    )


def closes_before(
    rows: BarRows, symbols: Sequence[str], now_us: int, length_us: int
) -> dict[str, float]:
    """Return by symbol the close of its last row that was over at a moment, USD.

    Rows are `length_us` microseconds long and in the order of time for each symbol.
    """
    over = rows.take(rows.start_us + length_us <= now_us)
    return {symbols[s]: float(close) for s, close in zip(over.symbol, over.close, strict=True)}
