"""Candles for the report: as many days as fit into it, packed so that none is changed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blocks.report.html.packed_numbers import LARGEST, LEVEL, pack, zigzag
from trading.market.bars import Floats, Integers, Prices
from trading.market.panel import Panel
from trading.prices import UNITS_PER_DOLLAR

# With everything else a page of 101 symbols by 222 sessions then stays under 6 MB.
CANDLE_BUDGET = 4_200_000
_DAYS_AT_A_TIME = 2000
_DAYS_A_BLOCK = 64
# The last, empty block and the checksum.
_END_BYTES = 8


@dataclass(frozen=True, slots=True)
class PackedDays:
    """Days of candles: rows of (session, symbol, bytes, volume units a share), and the bytes.

    The bytes are deflated as a whole; a day's count is of those before. A day is its bars in
    order. A bar that is missing is 0. Others are five numbers: 1 + the open less the close before
    it (0 at first), the close less the open, both zigzag; how far the high is above and the low
    below open and close; the volume. A price that is whole cents is twice the cents, another
    twice its units of 0.0001 USD and one.
    """

    days: Integers
    data: bytes


def pack_days(panel: Panel, candidates: Integers, budget: int = CANDLE_BUDGET) -> PackedDays:
    """Return the first of the candidates, (session, symbol) a row, that the budget has room for.

    `budget` counts characters of base64, of what is deflated. Days with numbers that a browser
    cannot hold are passed over.
    """
    room = _Room(budget // 4 * 3)
    taken: list[Integers] = [np.zeros((0, 4), dtype=np.int64)]
    for begin in range(0, len(candidates), _DAYS_AT_A_TIME):
        days, packed = _packed(panel, candidates[begin : begin + _DAYS_AT_A_TIME])
        fitting = room.take(packed, np.cumsum(days[:, 2]))
        taken.append(days[:fitting])
        if fitting < len(days):
            break
    return PackedDays(np.concatenate(taken), room.deflated())


class _Room:
    """Bytes deflated day after day until the room is full."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._compressor = zlib.compressobj(LEVEL)
        self._done: list[bytes] = []

    def take(self, data: bytes, ends: Integers) -> int:
        """Deflate as many of the first days as there is room for, and return how many.

        `ends` are the places in the data at which each day ends.
        """
        count, begin, step = 0, 0, _DAYS_A_BLOCK
        while count < len(ends) and step:
            last = min(count + step, len(ends))
            end = int(ends[last - 1])
            # How long a block becomes is only known afterwards, so it is tried on a copy.
            trial = self._compressor.copy()
            block = trial.compress(data[begin:end]) + trial.flush(zlib.Z_SYNC_FLUSH)
            if len(block) + _END_BYTES > self._most:
                step //= 2
                continue
            self._compressor, count, begin = trial, last, end
            self._done.append(block)
            self._most -= len(block)
        return count

    def deflated(self) -> bytes:
        """Return all that was taken, whole; nothing where nothing was."""
        return b"".join([*self._done, self._compressor.flush()]) if self._done else b""


def _packed(panel: Panel, wanted: Integers) -> tuple[Integers, bytes]:
    cells, day, first = _cells(panel, wanted)
    large = ~(cells.high * UNITS_PER_DOLLAR * 8 < LARGEST) | ~(
        cells.volume * UNITS_PER_DOLLAR < LARGEST
    )
    large &= ~np.isnan(cells.close)
    if large.any():
        wanted = np.delete(wanted, np.unique(day[large]), axis=0)
        cells, day, first = _cells(panel, wanted)
    present = ~np.isnan(cells.close)
    broken = cells.volume != np.floor(cells.volume)
    fractional = np.bincount(day[broken & present], minlength=len(wanted)) > 0
    volume_units = np.where(fractional, UNITS_PER_DOLLAR, 1).astype(np.int64)
    opened, high, low, close = (_units(values, UNITS_PER_DOLLAR) for values in cells[:4])
    numbers = np.empty((len(day), 5), dtype=np.int64)
    before = _closes_before(close, present, first)
    numbers[:, 0] = np.where(present, 1 + _shorter(opened - before, zigzag), 0)
    numbers[:, 1] = _shorter(close - opened, zigzag)
    numbers[:, 2] = _shorter(high - np.maximum(opened, close))
    numbers[:, 3] = _shorter(np.minimum(opened, close) - low)
    numbers[:, 4] = _units(cells.volume, volume_units[day])
    kept = np.repeat(present[:, None], 5, axis=1)
    kept[:, 0] = True
    data, lengths = pack(numbers[kept])
    size = np.bincount(np.repeat(day, kept.sum(axis=1)), lengths, len(wanted)).astype(np.int64)
    return np.column_stack((wanted, size, volume_units)), data


def _cells(panel: Panel, wanted: Integers) -> tuple[Prices, Integers, NDArray[np.bool_]]:
    """Return the bars of the days as columns, the day of each, and whether it is a day's first."""
    begin = panel.grid.first_row[wanted[:, 0]]
    bars = panel.grid.first_row[wanted[:, 0] + 1] - begin
    day = np.repeat(np.arange(len(wanted), dtype=np.int64), bars)
    bar = np.arange(len(day), dtype=np.int64) - np.repeat(np.cumsum(bars) - bars, bars)
    where = (begin[day] + bar, wanted[day, 1])
    return Prices(*(column[where] for column in panel.prices)), day, bar == 0


def _units(values: Floats, units: int | Integers) -> Integers:
    whole: Integers = np.floor(np.nan_to_num(values) * units + 0.5).astype(np.int64)
    return whole


def _shorter(units: Integers, signs: Callable[[Integers], Integers] = np.abs) -> Integers:
    """Return numbers of units as whole cents where they are; most prices are."""
    cents, rest = np.divmod(units, UNITS_PER_DOLLAR // 100)
    return np.where(rest == 0, signs(cents) * 2, signs(units) * 2 + 1)


def _closes_before(
    close: Integers, present: NDArray[np.bool_], first: NDArray[np.bool_]
) -> Integers:
    """Return the last close before each bar in its day, 0 when there is none."""
    number = np.arange(len(close))
    # A day's first bar holds its place even when it is missing, so that no day sees another's.
    last = np.maximum.accumulate(np.where(present | first, number, 0))
    held = np.where(present, close, 0)[last]
    before: Integers = np.where(first, 0, np.roll(held, 1))
    return before
