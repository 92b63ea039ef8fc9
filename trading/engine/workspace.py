"""What the engine remembers beside the book, by symbol."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats, Integers


class Scratch(NamedTuple):
    """Arrays of (symbols) unless noted.

    The first four belong to the strategy's reading, the next to the keeping of decisions and the
    others to the account's settling: each stage is at other sessions than the next. All are laid
    out by row, as an array of one symbol is whichever way it was made: machine code is for one
    layout, and is made once for any number of symbols.
    """

    memory: Floats  # (memory of the strategy, symbols), cleared each session
    memory_bits: Integers  # the same memory, to tell what changed: NaN differs from itself
    verdict: Integers  # what `screen` said of a bar; as wide as a price, see `read_signals`
    undecided: Integers  # symbols that only `signal` can judge
    previous_reason: NDArray[np.uint8]
    standing: NDArray[np.uint8]  # the highest reason that the book leaves a symbol
    standing_of: Integers  # (1): the book's count of changes when that was found out
    chosen: Integers  # symbols that a loop goes on with
    no_gates: NDArray[np.uint8]  # (0)
    remembered_from: Integers  # the session's row before which the venue remembers no bar


class Signals(NamedTuple):
    """What the strategy says of some bars, arrays of (bars, symbols).

    `stop` and `offset` are valid where the reason is STOP_NOT_PROTECTIVE or a later one, `shares`
    where it is SIZE_BELOW_ONE or a later one. Settling a bar puts what the account says in the
    place of the strategy's reasons. `atr` has no bars when the run needs none.
    """

    reason: NDArray[np.uint8]
    stop: Floats
    offset: Floats
    shares: Integers
    atr: Floats


def new_scratch(symbols: int, memory: int) -> Scratch:
    """Return the engine's memory for so many symbols."""
    remembered = np.zeros((max(2, memory), symbols), dtype=np.float64)
    return Scratch(
        remembered,
        remembered.view(np.int64),
        np.zeros(symbols, dtype=np.int64),
        np.zeros(symbols, dtype=np.int64),
        np.zeros(symbols, dtype=np.uint8),
        np.zeros(symbols, dtype=np.uint8),
        np.full(1, -1, dtype=np.int64),
        np.zeros(symbols, dtype=np.int64),
        np.zeros(0, dtype=np.uint8),
        np.zeros(symbols, dtype=np.int64),
    )


def new_signals(bars: int, symbols: int, *, with_atr: bool = False) -> Signals:
    """Return room for what a strategy says of so many bars."""
    return Signals(
        np.zeros((bars, symbols), dtype=np.uint8),
        np.full((bars, symbols), np.nan),
        np.full((bars, symbols), np.nan),
        np.zeros((bars, symbols), dtype=np.int64),
        np.full((bars if with_atr else 0, symbols), np.nan),
    )
