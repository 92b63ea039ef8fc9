"""Bring the archive up to the calendar: ask for the sessions that it does not hold for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
import polars as pl

from blocks.archive.archive import BarArchive
from blocks.archive.feeds import one_feed_each
from blocks.archive.files import DamagedFile, no_stored_bars
from blocks.archive.news import Stored
from blocks.providers.errors import RangeTooLong
from blocks.providers.fetched_bars import FetchedBars, Provider, expected_starts
from trading.errors import OpenbellError
from trading.market.calendar import Session, from_microseconds
from trading.session.ports import Clock

SYMBOLS_AT_ONCE = 8
SESSIONS_AT_ONCE = {1: 4}
MOST_SESSIONS_AT_ONCE = 20
# Bars that are looked through at once, and the first gaps of a symbol, which a person is shown.
_BARS_AT_ONCE = 3_000_000
_MOST_GAPS = 100


class Fetcher(Provider, Protocol):
    """A provider that says whose bars it gives: `feeds`, the sources of its rows."""

    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """Symbols whose bars of [start, end) are asked for together."""

    symbols: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the archive holds of a symbol against the calendar, as counts of bars.

    `present` counts those of the feed that is read, `sources` all by provider; `missing` holds
    the starts of the first absent bars, aware UTC.
    """

    symbol: str
    expected: int
    present: int
    revisions: int
    sources: dict[str, int]
    missing: tuple[datetime, ...]


@dataclass(slots=True)
class Outcome:
    """What a backfill did: bars stored, sessions there before, and by symbol why one failed.

    `notes` has a sentence for whatever else a person should know.
    """

    stored: Stored = field(default_factory=Stored)
    sessions_before: int = 0
    failures: dict[str, OpenbellError] = field(default_factory=dict)
    coverage: list[Coverage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Backfill:
    """Fetches what is missing, piece by piece: every piece is stored before the next is asked.

    A session counts as held for good once a bar of it, of the feed that is read, was fetched
    after its close. A file of the archive that cannot be read is set aside, and what it held of
    these symbols is fetched again.
    """

    def __init__(self, archive: BarArchive, provider: Fetcher, exchange: str, clock: Clock) -> None:
        self._archive = archive
        self._provider = provider
        self._exchange = exchange
        self._clock = clock

    def run(
        self,
        symbols: Sequence[str],
        sessions: Sequence[Session],
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Outcome:
        """Fetch and store what is missing of sessions that have begun.

        Raises RangeTooLong when nothing at all is served for being too long ago, and
        StoreUnavailable when the archive fails.
        """
        outcome = Outcome()
        begun = [session for session in sessions if session.open < self._clock.now()]
        held = self._held(symbols, begun, outcome)
        outcome.sessions_before = len(held)
        requests = list(self._requests(symbols, begun, held))
        while requests:
            damaged_before = len(outcome.notes)
            self._fetch(requests, outcome, progress)
            if len(outcome.notes) == damaged_before:
                break
            # What was set aside meanwhile had been counted as held.
            requests = list(self._requests(symbols, begun, self._held(symbols, begun, outcome)))
        if requests and not (outcome.stored.added or outcome.stored.unchanged):
            for failure in outcome.failures.values():
                if isinstance(failure, RangeTooLong):
                    raise failure
        outcome.coverage = self._coverage(symbols, begun)
        return outcome

    def _fetch(
        self,
        requests: Sequence[Request],
        outcome: Outcome,
        progress: Callable[[str, int, int], None] | None,
    ) -> None:
        for number, request in enumerate(requests):
            if progress is not None:
                progress(f"{request.start:%Y-%m-%d} {request.symbols[0]}", number, len(requests))
            fetched = self._provider.fetch(request.symbols, request.start, request.end)
            outcome.failures |= fetched.failures
            outcome.stored += self._stored(fetched, outcome)

    def _stored(self, fetched: FetchedBars, outcome: Outcome) -> Stored:
        while True:
            try:
                return self._archive.upsert(fetched)
            except DamagedFile as error:
                self._set_aside(error, outcome)

    def _set_aside(self, error: DamagedFile, outcome: Outcome) -> None:
        if error.file is None:
            raise error
        aside = self._archive.set_aside(error.file)
        outcome.notes.append(
            f"WARNING: {error.what}; it lies in {aside} now, and what it held of these symbols is"
            " fetched again. Fetch its other symbols too"
        )

    def _held(
        self, symbols: Sequence[str], sessions: Sequence[Session], outcome: Outcome
    ) -> set[tuple[str, datetime]]:
        held: set[tuple[str, datetime]] = set()
        for some in self._some(symbols, sessions):
            while True:
                try:
                    frame = self._read(some, sessions)
                    break
                except DamagedFile as error:
                    self._set_aside(error, outcome)
            newest = frame.group_by("symbol", frame["ts"].dt.date()).agg(pl.col("fetched_at").max())
            last = {(symbol, day): fetched for symbol, day, fetched in newest.iter_rows()}
            held |= {
                (symbol, session.open)
                for symbol in some
                for session in sessions
                if (fetched := last.get((symbol, session.open.date()))) is not None
                and fetched >= session.close
            }
        return held

    def _read(self, symbols: Sequence[str], sessions: Sequence[Session]) -> pl.DataFrame:
        """Return the provider's bars of these sessions, of each symbol one feed."""
        mine = pl.col("feed").is_in(list(self._provider.feeds))
        frame = self._archive.every_feed(symbols, sessions[0].open, sessions[-1].close)
        return one_feed_each(frame.filter(mine))[0]

    def _some(self, symbols: Sequence[str], sessions: Sequence[Session]) -> Iterator[Sequence[str]]:
        """Yield so many symbols at a time that their bars fit into memory."""
        if not sessions:
            return
        minutes = self._archive.interval_minutes
        bars = sessions[0].bar_count(minutes) * len(sessions)
        count = max(1, _BARS_AT_ONCE // bars)
        for first in range(0, len(symbols), count):
            yield symbols[first : first + count]

    def _requests(
        self,
        symbols: Sequence[str],
        sessions: Sequence[Session],
        held: set[tuple[str, datetime]],
    ) -> Iterator[Request]:
        most = SESSIONS_AT_ONCE.get(self._archive.interval_minutes, MOST_SESSIONS_AT_ONCE)
        for begin in range(0, len(sessions), most):
            together: dict[tuple[datetime, datetime], list[str]] = {}
            for symbol in symbols:
                absent = [
                    session
                    for session in sessions[begin : begin + most]
                    if (symbol, session.open) not in held
                ]
                if absent:
                    span = (absent[0].open, absent[-1].close)
                    together.setdefault(span, []).append(symbol)
            for (start, end), names in together.items():
                for first in range(0, len(names), SYMBOLS_AT_ONCE):
                    yield Request(tuple(names[first : first + SYMBOLS_AT_ONCE]), start, end)

    def _coverage(self, symbols: Sequence[str], sessions: Sequence[Session]) -> list[Coverage]:
        if not sessions:
            return []
        start, end = sessions[0].open, sessions[-1].close
        due = expected_starts(
            self._exchange, start, end, self._clock.now(), self._archive.interval_minutes
        )
        found = []
        for some in self._some(symbols, sessions):
            frame = self._archive.every_feed(some, start, end)
            frame = frame.filter(pl.col("feed").is_in(list(self._provider.feeds)))
            read = one_feed_each(frame)[0].partition_by("symbol", as_dict=True)
            every = frame.partition_by("symbol", as_dict=True)
            for symbol in some:
                mine = read.get((symbol,), no_stored_bars())
                absent = due[~np.isin(due, mine["ts"].dt.epoch("us").to_numpy())]
                sources = Counter(every.get((symbol,), mine)["source"].to_list())
                missing = tuple(map(from_microseconds, absent[:_MOST_GAPS].tolist()))
                found.append(
                    Coverage(
                        symbol, len(due), len(due) - len(absent), int(mine["revisions"].sum()),
                        dict(sources), missing,
                    )
                )  # fmt: skip
        return found
