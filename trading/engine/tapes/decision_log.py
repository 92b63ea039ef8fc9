"""The decisions of a run: what the tape holds of each, joined with the bars they were made at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.engine.tapes.decision_tape import (
    BESIDE,
    BESIDE_ATR,
    BESIDE_LEVEL,
    BESIDE_OPENING_VOLUME,
    BESIDE_SCORE,
    BESIDE_TARGET_KIND,
    RANGES,
    SHARES,
    STOPS,
    DecisionTape,
    new_decision_tape,
)
from trading.engine.tapes.trade_tape import DecisionRow
from trading.market.bars import Floats, Integers
from trading.reasons import NO_DECISION, SIZE_BELOW_ONE, STOP_NOT_PROTECTIVE

# What lies between is made for so many bars of a symbol at a time, and stays in the cache.
_BARS_AT_A_TIME = 100_000


@dataclass(frozen=True)
class DecisionLog:
    """Decisions in the order in which they were made: bar by bar, symbol by symbol.

    `start_us` (bars) are the bars' STARTs, `close` (bars, symbols) and `worth` (bars) the prices
    and the equity that the decisions saw.
    """

    tape: DecisionTape
    start_us: Integers
    close: Floats
    worth: Floats

    def __len__(self) -> int:
        return int(self._first[-1])

    @property
    def at_bar(self) -> NDArray[np.int32]:
        """Return how many decisions each bar has."""
        return self.tape.at_bar

    @property
    def symbol(self) -> NDArray[np.int32]:
        """Return the number of each decision's symbol."""
        return self._found[0]

    @property
    def reason(self) -> NDArray[np.uint8]:
        """Return each decision's reason."""
        return self._found[1]

    @cached_property
    def rows(self) -> Floats:
        """Return one row a decision, columns as in DecisionRow; NaN for what was not reached."""
        rows = np.empty((len(DecisionRow._fields), len(self)), dtype=np.float64)
        for number, name in enumerate(DecisionRow._fields):
            rows[number] = self.column(name)
        # Laid out by column, read by row.
        return rows.T

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of DecisionRow, in the type that it has on the tape."""
        return _COLUMNS[name](self)

    def _beside(self, row: int, missing: float = np.nan) -> Floats:
        known = self.tape.beside.shape[1] > 0
        kept = self.tape.beside[row, : self.tape.counts[BESIDE]]
        return kept if known else np.full(len(self), missing)

    def _reached(self, values: Floats) -> Floats:
        column = np.full(len(self), np.nan)
        column[self._with_stop] = values[: self.tape.counts[STOPS]]
        return column

    def _quantity(self) -> Floats:
        column = np.zeros(len(self))
        sized = np.flatnonzero(self.reason >= SIZE_BELOW_ONE)
        column[sized] = self.tape.shares[: self.tape.counts[SHARES]]
        return column

    @cached_property
    def _with_stop(self) -> Integers:
        """Return the numbers of the decisions that came as far as a stop."""
        return np.flatnonzero(self.reason >= STOP_NOT_PROTECTIVE)

    @property
    def _range(self) -> Integers:
        """Return where each bar's highs of the range begin on the tape, its lows follow."""
        row: Integers = self.tape.range_row.astype(np.int64)
        row *= 2 * self.close.shape[1]
        return row

    def _seen(self, values: Floats, first: Integers) -> Floats:
        """Return of each decision the value at its symbol's place after its bar's first."""
        seen = np.empty(len(self), dtype=np.float64)
        flat = values.reshape(-1)
        for bars, made in self._blocks():
            place = np.repeat(first[bars], self.at_bar[bars])
            place += self.symbol[made]
            # Every place is a good one; "clip" is what writes to `out` without a copy.
            flat.take(place, out=seen[made], mode="clip")
        return seen

    @cached_property
    def _first(self) -> Integers:
        """Return the number of each bar's first decision, and how many there are."""
        return np.concatenate(([0], np.cumsum(self.at_bar, dtype=np.int64)))

    @cached_property
    def _found(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        symbol = np.empty(len(self), dtype=np.int32)
        reason = np.empty(len(self), dtype=np.uint8)
        symbols = self.close.shape[1]
        for bars, made in self._blocks():
            block = self.tape.reason[bars].reshape(-1)
            # Numpy finds what is true several times as fast as what is not zero.
            cell = np.flatnonzero(block != NO_DECISION)
            block.take(cell, out=reason[made], mode="clip")
            cell -= np.repeat(np.arange(bars.stop - bars.start) * symbols, self.at_bar[bars])
            symbol[made] = cell
        return symbol, reason

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yield some bars after others, with their decisions."""
        bars, symbols = self.close.shape
        step = max(1, _BARS_AT_A_TIME // max(1, symbols))
        for begin in range(0, bars, step):
            end = min(bars, begin + step)
            made = slice(int(self._first[begin]), int(self._first[end]))
            if made.start < made.stop:
                yield slice(begin, end), made


def _made_at(bar: Callable[[DecisionLog], NDArray[Any]]) -> Callable[[DecisionLog], NDArray[Any]]:
    """Return what gives each decision the value of its bar."""
    return lambda log: np.repeat(bar(log), log.at_bar)


# Of each column of DecisionRow how it is made: once for all, for a live session asks at every bar.
_COLUMNS: dict[str, Callable[[DecisionLog], NDArray[Any]]] = {
    "us": _made_at(lambda log: log.start_us),
    "symbol": lambda log: log.symbol,
    "reason": lambda log: log.reason,
    "price": lambda log: log._seen(log.close, np.arange(len(log.close)) * log.close.shape[1]),
    "range_high": lambda log: log._seen(log.tape.ranges, log._range),
    "range_low": lambda log: log._seen(log.tape.ranges, log._range + log.close.shape[1]),
    "stop": lambda log: log._reached(log.tape.stop),
    "target_offset": lambda log: log._reached(log.tape.target),
    "quantity": lambda log: log._quantity(),
    "atr": lambda log: log._beside(BESIDE_ATR),
    "equity": _made_at(lambda log: log.worth),
    "score": lambda log: log._beside(BESIDE_SCORE),
    "relative_opening_volume": lambda log: log._beside(BESIDE_OPENING_VOLUME),
    "level": lambda log: log._beside(BESIDE_LEVEL),
    "target_kind": lambda log: log._beside(BESIDE_TARGET_KIND, 0.0),
}


def log_of_rows(rows: Floats) -> DecisionLog:
    """Return the log of decisions given as rows, each its own bar."""
    at: DecisionRow[Floats] = DecisionRow(*rows.T)
    symbol = at.symbol.astype(np.int64)
    symbols = int(symbol.max(initial=0)) + 1
    bar = np.arange(len(rows))
    with_stop, sized = at.reason >= STOP_NOT_PROTECTIVE, at.reason >= SIZE_BELOW_ONE
    tape = new_decision_tape(len(rows), symbols, is_wide=True)
    tape.reason[bar, symbol] = at.reason
    tape.at_bar[:] = at.reason != NO_DECISION
    tape.range_row[:] = bar
    tape.ranges[bar, 0, symbol] = at.range_high
    tape.ranges[bar, 1, symbol] = at.range_low
    beside = (at.atr, at.score, at.relative_opening_volume, at.level, at.target_kind)
    tape.beside[:, : len(rows)] = np.stack(beside)
    tape.counts[:] = len(rows), len(rows), np.count_nonzero(with_stop), np.count_nonzero(sized)
    tape.stop[: tape.counts[STOPS]] = at.stop[with_stop]
    tape.target[: tape.counts[STOPS]] = at.target_offset[with_stop]
    tape.shares[: tape.counts[SHARES]] = at.quantity[sized]
    return DecisionLog(
        tape,
        at.us.astype(np.int64),
        np.repeat(at.price[:, np.newaxis], symbols, axis=1),
        at.equity,
    )


# Columns of so many rows stay in the processor's cache, and are worth a row group of their own.
DECISIONS_AT_A_TIME = 131_072


def parts_of(log: DecisionLog, decisions: int = DECISIONS_AT_A_TIME) -> Iterator[DecisionLog]:
    """Yield the log's bars as logs of their own, one after the other; at least one.

    A part ends with the bar in which the decisions so far reach the next multiple of so many.
    Nothing is copied.
    """
    tape = log.tape
    first = np.concatenate(([0], np.cumsum(tape.at_bar, dtype=np.int64)))
    cuts = np.searchsorted(first, np.arange(decisions, len(log), decisions)).tolist()
    stop_end = size_end = 0
    for begin, end in pairwise((0, *dict.fromkeys((*cuts, len(tape.at_bar))))):
        bars, made = slice(begin, end), slice(int(first[begin]), int(first[end]))
        reason = tape.reason[bars]
        stops = slice(stop_end, stop_end + int(np.count_nonzero(reason >= STOP_NOT_PROTECTIVE)))
        sizes = slice(size_end, size_end + int(np.count_nonzero(reason >= SIZE_BELOW_ONE)))
        stop_end, size_end = stops.stop, sizes.stop
        counts = (
            tape.counts[RANGES],
            made.stop - made.start,
            stops.stop - stops.start,
            sizes.stop - sizes.start,
        )
        yield DecisionLog(
            tape._replace(
                counts=np.array(counts, dtype=np.int64),
                reason=reason,
                at_bar=tape.at_bar[bars],
                range_row=tape.range_row[bars],
                beside=tape.beside[:, made],
                stop=tape.stop[stops],
                target=tape.target[stops],
                shares=tape.shares[sizes],
            ),
            log.start_us[bars],
            log.close[bars],
            log.worth[bars],
        )
