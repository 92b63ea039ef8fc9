"""Bars as a provider gave them: each row with its source and time of fetch, gaps with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from trading.errors import BadInput, OpenbellError, SourceUnavailable
from trading.market.bars import BarRows, Integers, join_rows
from trading.market.calendar import (
    MICROSECONDS_PER_MINUTE,
    Session,
    make_grid,
    sessions_between,
    to_microseconds,
)

# The length of a daily bar, which begins at its session's open and ends at the close.
DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Split:
    """A stock split: from `us` (microseconds since 1970 UTC) on, `ratio` new shares for an old."""

    symbol: str
    us: int
    ratio: float


@dataclass(frozen=True, slots=True)
class FetchedBars:
    """Closed bars of `symbols`, which `rows.symbol` indexes.

    `source` indexes `sources` and `fetched_us` is the time of fetch, both by row. `failures`
    says by symbol why a provider gave nothing of it where the calendar has bars, `notes` what
    else a person should know. `pages` are files that spare asking again, until the bars are stored.
    """

    symbols: tuple[str, ...]
    rows: BarRows
    sources: tuple[str, ...]
    source: Integers
    fetched_us: Integers
    failures: dict[str, OpenbellError] = field(default_factory=dict)
    splits: tuple[Split, ...] = ()
    notes: tuple[str, ...] = ()
    pages: tuple[Path, ...] = ()

    @property
    def present(self) -> set[str]:
        """Return the symbols that have a row."""
        return {self.symbols[index] for index in np.unique(self.rows.symbol).tolist()}

    @property
    def reasons(self) -> dict[str, str]:
        """Return by symbol without a row why it has none."""
        nothing_due = "no bar was due"
        return {
            symbol: str(self.failures.get(symbol, nothing_due))
            for symbol in self.symbols
            if symbol not in self.present
        }

    def within(self, start: datetime, end: datetime) -> FetchedBars:
        """Return the rows that start in [start, end), with everything else as it is."""
        first, last = to_microseconds(start), to_microseconds(end)
        return self.keep((self.rows.start_us >= first) & (self.rows.start_us < last))

    def keep(self, kept: NDArray[np.bool_]) -> FetchedBars:
        """Return the chosen rows, with everything else as it is."""
        return replace(
            self, rows=self.rows.take(kept), source=self.source[kept],
            fetched_us=self.fetched_us[kept],
        )  # fmt: skip

    def of(self, symbols: Sequence[str]) -> FetchedBars:
        """Return the rows of some symbols, numbered anew, and what belongs to them."""
        number = {symbol: index for index, symbol in enumerate(symbols)}
        code = np.array([number.get(symbol, -1) for symbol in self.symbols], dtype=np.int64)
        mine = code[self.rows.symbol] if len(self.rows) else self.rows.symbol
        kept = mine >= 0
        rows = self.rows.take(kept)
        return FetchedBars(
            tuple(symbols),
            replace(rows, symbol=mine[kept]),
            self.sources,
            self.source[kept],
            self.fetched_us[kept],
            {symbol: error for symbol, error in self.failures.items() if symbol in number},
            tuple(split for split in self.splits if split.symbol in number),
            self.notes,
            self.pages,
        )

    def failing(self, failures: dict[str, OpenbellError]) -> FetchedBars:
        """Return the same bars with these failures and no others."""
        return replace(self, failures=failures)


@dataclass(frozen=True, slots=True)
class PieceSize:
    """How much is asked for at once: so many symbols, of sessions in a row or of a whole period.

    `period` is a format of dates, such as %Y-%m; sessions whose dates it writes alike belong
    together. `remembered_as` names a provider whose answers are final, so that what it was asked
    for is noted under that name and not asked for again.
    """

    symbols: int = 8
    sessions: int = 20
    period: str = ""
    remembered_as: str | None = None

    def of(self, sessions: Sequence[Session]) -> Iterator[Sequence[Session]]:
        """Yield sessions, in order, as many as belong together."""
        if not self.period:
            for begin in range(0, len(sessions), self.sessions):
                yield sessions[begin : begin + self.sessions]
            return
        for _, each in groupby(sessions, key=lambda session: session.date.strftime(self.period)):
            yield list(each)


class Provider(Protocol):
    """A source of bars that says for each symbol what it could not give."""

    name: str

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        """Return the closed bars that start in [start, end).

        Raises BadInput when the range cannot be served. A symbol without a bar where the
        calendar has some is in `failures`.
        """
        ...


def no_bars(symbols: Sequence[str], failures: dict[str, OpenbellError]) -> FetchedBars:
    """Return nothing but failures."""
    return FetchedBars(tuple(symbols), empty_rows(), (), _none(), _none(), failures)


def empty_rows(interval_minutes: int | None = None) -> BarRows:
    """Return no rows."""
    real = np.zeros(0)
    return BarRows(_none(), _none(), real, real, real, real, real, interval_minutes)


def joined(
    symbols: Sequence[str], pieces: Sequence[FetchedBars], interval_minutes: int | None
) -> FetchedBars:
    """Return pieces, each of other symbols out of `symbols`, as one, in order of time."""
    number = {symbol: index for index, symbol in enumerate(symbols)}
    names = tuple(dict.fromkeys(name for piece in pieces for name in piece.sources))
    rows, source, fetched = [], [_none()], [_none()]
    failures: dict[str, OpenbellError] = {}
    for piece in pieces:
        code = np.array([number[symbol] for symbol in piece.symbols], dtype=np.int64)
        place = np.array([names.index(name) for name in piece.sources], dtype=np.int64)
        old = piece.rows
        rows.append(
            BarRows(
                code[old.symbol] if len(old) else _none(), old.start_us, old.open, old.high,
                old.low, old.close, old.volume, interval_minutes,
            )
        )  # fmt: skip
        source.append(place[piece.source] if len(old) else _none())
        fetched.append(piece.fetched_us)
        failures |= piece.failures
    together = join_rows(rows, interval_minutes)
    order = np.lexsort((together.symbol, together.start_us))
    return FetchedBars(
        tuple(symbols),
        together.take(order),
        names,
        np.concatenate(source)[order],
        np.concatenate(fetched)[order],
        failures,
        tuple(split for piece in pieces for split in piece.splits),
        tuple(dict.fromkeys(note for piece in pieces for note in piece.notes)),
        tuple(folder for piece in pieces for folder in piece.pages),
    )


def rows_or_raise(fetched: FetchedBars, name: str) -> BarRows:
    """Return the rows, or raise SourceUnavailable when every symbol failed."""
    if fetched.symbols and set(fetched.symbols) <= set(fetched.failures) and not len(fetched.rows):
        first = fetched.failures[fetched.symbols[0]]
        if len(fetched.symbols) == 1 and isinstance(first, SourceUnavailable):
            raise first
        others = f" (and so {len(fetched.symbols) - 1} more)" if len(fetched.symbols) > 1 else ""
        raise SourceUnavailable(
            f"{name} gave no bar of {fetched.symbols[0]}{others}: {first.what}", first.hint
        ) from first
    return fetched.rows


class Spans(NamedTuple):
    """Bars of the calendar, in order: their START and END in microseconds since 1970 UTC."""

    start_us: Integers
    end_us: Integers

    def take(self, kept: NDArray[np.bool_]) -> Spans:
        """Return the chosen bars."""
        return Spans(self.start_us[kept], self.end_us[kept])


def expected_bars(
    exchange: str, start: datetime, end: datetime, now: datetime, interval_minutes: int
) -> Spans:
    """Return the calendar's bars that start in [start, end) and are over by `now`."""
    if end <= start:
        return Spans(_none(), _none())
    day = timedelta(days=1)
    sessions = sessions_between(exchange, start.date() - day, end.date() + day)
    all_bars = _bars_of(sessions, interval_minutes)
    begins, ends = all_bars
    wanted = (begins >= to_microseconds(start)) & (begins < to_microseconds(end))
    return all_bars.take(wanted & (ends <= to_microseconds(now)))


def _bars_of(sessions: Sequence[Session], interval_minutes: int) -> Spans:
    if interval_minutes == DAY_MINUTES:
        return Spans(
            np.array([to_microseconds(session.open) for session in sessions], dtype=np.int64),
            np.array([to_microseconds(session.close) for session in sessions], dtype=np.int64),
        )
    grid = make_grid(list(sessions), interval_minutes)
    return Spans(grid.start_us, grid.end_us)


def expected_starts(
    exchange: str, start: datetime, end: datetime, now: datetime, interval_minutes: int
) -> Integers:
    """Return the starts of the calendar's bars in [start, end) that are over by `now`."""
    return expected_bars(exchange, start, end, now, interval_minutes).start_us


def sessions_before(exchange: str, session: Session, count: int) -> list[Session]:
    """Return the last `count` sessions before one, oldest first."""
    first: date = session.date - timedelta(days=2 * count + 10)
    found = sessions_between(exchange, first, session.date)
    return [earlier for earlier in found if earlier.date < session.date][-count:]


def refuse_no_interval(interval_minutes: int, known: Sequence[int], name: str) -> None:
    """Raise BadInput when a provider has no bars of a length."""
    if interval_minutes not in known:
        raise BadInput(
            f"{name} has no {interval_minutes}-minute bars",
            f"Use one of {', '.join(map(str, known))} minutes",
        )


def minutes_us(minutes: int) -> int:
    """Return minutes as microseconds."""
    return minutes * MICROSECONDS_PER_MINUTE


def _none() -> Integers:
    return np.zeros(0, dtype=np.int64)
