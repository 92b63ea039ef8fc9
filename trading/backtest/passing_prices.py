"""Room for numbers of all bars of a run, of which only some are in memory at a time."""

from __future__ import annotations

import mmap

import numpy as np

from trading.market.bars import Floats, Prices

_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


class PassingTable:
    """Numbers of (bars, symbols): a row takes memory from when it is written until it is let go.

    What was never written, or was let go, says nothing. A dense one is written row by row.
    """

    def __init__(self, bars: int, symbols: int, *, is_dense: bool = False) -> None:
        self._bytes_a_bar = symbols * np.dtype(np.float64).itemsize
        # An empty map is none.
        size = max(bars * self._bytes_a_bar, mmap.PAGESIZE)
        self._map = mmap.mmap(-1, size, flags=_PRIVATE)
        # Large pages are quick to fill; where single numbers are written, each would take one.
        _advise(self._map, "MADV_HUGEPAGE" if is_dense else "MADV_NOHUGEPAGE", 0, size)
        numbers = np.frombuffer(self._map, np.float64, bars * symbols)
        self.values: Floats = numbers.reshape(bars, symbols)

    def let_go(self, first: int, end: int) -> None:
        """Give the memory of the rows `[first, end)` back; those beside them stay."""
        begin = -(-first * self._bytes_a_bar // mmap.PAGESIZE) * mmap.PAGESIZE
        length = end * self._bytes_a_bar // mmap.PAGESIZE * mmap.PAGESIZE - begin
        if length > 0:
            _advise(self._map, "MADV_DONTNEED", begin, length)


class PassingPrices:
    """A table of each number that a bar has."""

    def __init__(self, bars: int, symbols: int) -> None:
        self._tables = [PassingTable(bars, symbols, is_dense=True) for _ in Prices._fields]
        self.prices = Prices(*(table.values for table in self._tables))

    def let_go(self, first: int, end: int) -> None:
        """Give the memory of the rows `[first, end)` back; those beside them stay."""
        for table in self._tables:
            table.let_go(first, end)


def _advise(room: mmap.mmap, what: str, begin: int, length: int) -> None:
    # It is advice, and some systems do not know of it.
    advice = getattr(mmap, what, None)
    if advice is not None:
        room.madvise(advice, begin, length)
