"""Room for the prices of all bars of a run, of which only some are in memory at a time."""

from __future__ import annotations

import mmap

import numpy as np

from trading.market.bars import Prices


class PassingPrices:
    """Prices of (bars, symbols), whose rows take memory from when they are written until let go.

    What was never written, or was let go, says nothing.
    """

    def __init__(self, bars: int, symbols: int) -> None:
        self._bytes_a_bar = symbols * np.dtype(np.float64).itemsize
        # An empty map is none.
        size = max(bars * self._bytes_a_bar, mmap.PAGESIZE)
        self._maps = [mmap.mmap(-1, size, flags=_PRIVATE) for _ in Prices._fields]
        self.prices = Prices(
            *(
                np.frombuffer(each, np.float64, bars * symbols).reshape(bars, symbols)
                for each in self._maps
            )
        )

    def let_go(self, first: int, end: int) -> None:
        """Give the memory of the rows `[first, end)` back; those beside them stay."""
        begin = -(-first * self._bytes_a_bar // mmap.PAGESIZE) * mmap.PAGESIZE
        length = end * self._bytes_a_bar // mmap.PAGESIZE * mmap.PAGESIZE - begin
        if length > 0:
            for each in self._maps:
                each.madvise(mmap.MADV_DONTNEED, begin, length)


_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
