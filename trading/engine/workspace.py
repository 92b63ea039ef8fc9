"""What the engine remembers beside the book, by symbol."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats, Integers
from trading.rules import Rules

# Bits of `Signals.leaves`.
LEAVES_LONG = 1
LEAVES_SHORT = 2


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

    `stop` and `target` are valid where the reason is STOP_NOT_PROTECTIVE or a later one, `shares`
    where it is SIZE_BELOW_ONE or a later one. Settling a bar puts what the account says in the
    place of the strategy's reasons. Those after `shares` have no bars when the run needs none.
    """

    reason: NDArray[np.uint8]
    stop: Floats
    target: Floats  # from the entry fill, in `target_kind`
    shares: Integers
    atr: Floats  # ATR(14) at the close
    order: NDArray[np.uint8]  # MARKET, STOP or LIMIT of `trading.entries`
    level: Floats  # where a resting entry is put, NaN for a market order
    lifetime: Integers  # bars that a resting entry stands, 0 = no such end
    target_kind: NDArray[np.uint8]  # USD, FRACTION or R of `trading.entries`
    leaves: NDArray[np.uint8]  # LEAVES_LONG and LEAVES_SHORT: who is to leave at this close
    score: Floats  # of validation, NaN where it was not reached
    opening_volume: Floats  # relative, NaN where it was not reached


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


class Parts(NamedTuple):
    """Which parts of `Signals` a run needs beside the first ones."""

    atr: bool = False
    orders: bool = False
    leaves: bool = False
    score: bool = False
    opening_volume: bool = False


NO_PARTS = Parts()


def parts_of(rules: Rules) -> Parts:
    """Return the parts that a run of these rules needs."""
    return Parts(
        rules.needs_atr,
        rules.has_orders,
        rules.has_leave,
        rules.validation,
        rules.selection.opening_bars > 0,
    )


def new_signals(bars: int, symbols: int, parts: Parts = NO_PARTS) -> Signals:
    """Return room for what a strategy says of so many bars."""

    def nothing(is_needed: bool) -> Floats:
        return np.full((bars if is_needed else 0, symbols), np.nan)

    def zeros(is_needed: bool) -> NDArray[np.uint8]:
        return np.zeros((bars if is_needed else 0, symbols), dtype=np.uint8)

    return Signals(
        np.zeros((bars, symbols), dtype=np.uint8),
        np.full((bars, symbols), np.nan),
        np.full((bars, symbols), np.nan),
        np.zeros((bars, symbols), dtype=np.int64),
        nothing(parts.atr),
        zeros(parts.orders),
        nothing(parts.orders),
        zeros(parts.orders).astype(np.int64),
        zeros(parts.orders),
        zeros(parts.leaves),
        nothing(parts.score),
        nothing(parts.opening_volume),
    )
