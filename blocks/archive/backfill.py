"""Bring the archive up to the calendar: ask for the sessions that it does not hold for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np
import polars as pl

from blocks.archive.archive import BarArchive
from blocks.archive.asked import AskedFile
from blocks.archive.coverage import Coverage, at_once, coverage_of
from blocks.archive.feeds import one_feed_each
from blocks.archive.month.files import DamagedFile
from blocks.archive.month.news import Stored
from blocks.providers.errors import EmptyAnswer, NothingThere, RangeTooLong
from blocks.providers.fetched_bars import FetchedBars, PieceSize, Provider, expected_starts
from blocks.providers.page_store import drop_pages
from trading.errors import OpenbellError, SourceUnavailable
from trading.market.bars import Integers
from trading.market.calendar import Session, from_microseconds
from trading.session.ports import Clock

# What ended later may be incomplete yet, and is asked for again.
SETTLED = timedelta(minutes=20)
_DAY_US = 86_400_000_000


class Fetcher(Provider, Protocol):
    """A provider that says whose bars it gives: `feeds`, the sources of its rows."""

    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """Symbols whose bars of [start, end) are asked for together.

    `sessions` counts what is lacking of them, by symbol and session.
    """

    symbols: tuple[str, ...]
    start: datetime
    end: datetime
    sessions: int


@dataclass(slots=True)
class Outcome:
    """What a backfill did: bars stored, sessions there before, and by symbol why one failed.

    `nothing` says by symbol that a provider had no bar of it in some piece. `notes` has a sentence
    for whatever else a person should know. `damaged` counts files that were set aside.
    """

    stored: Stored = field(default_factory=Stored)
    sessions_before: int = 0
    failures: dict[str, OpenbellError] = field(default_factory=dict)
    coverage: list[Coverage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    nothing: dict[str, OpenbellError] = field(default_factory=dict)
    damaged: int = 0


class Backfill:
    """Fetches what is missing, piece by piece: every piece is stored before the next is asked.

    A session counts as held for good once a bar of it, of the feed that is read, was fetched
    after its close; where `piece` names who remembers, once that one was asked for all of it. A
    file of the archive that cannot be read is set aside, and what it held of these symbols is
    fetched again.
    """

    def __init__(
        self,
        archive: BarArchive,
        provider: Fetcher,
        exchange: str,
        clock: Clock,
        piece: PieceSize | None = None,
    ) -> None:
        self._archive = archive
        self._provider = provider
        self._exchange = exchange
        self._clock = clock
        self._piece = piece or PieceSize()
        self._asked = AskedFile(archive.folder / "_asked.jsonl")

    def run(
        self,
        symbols: Sequence[str],
        sessions: Sequence[Session],
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Outcome:
        """Fetch and store what is missing of sessions that have begun.

        `progress` is told of sessions by symbol, done and all. Raises RangeTooLong when nothing at
        all is served for being too long ago, and StoreUnavailable when the archive fails.
        """
        outcome = Outcome()
        begun = [session for session in sessions if session.open < self._clock.now()]
        is_first, has_asked = True, False
        while True:
            damaged_before = outcome.damaged
            for request, done in self._lacking(symbols, begun, outcome, is_first=is_first):
                has_asked = True
                if progress is not None:
                    step = f"{request.start:%Y-%m-%d} {request.symbols[0]}"
                    progress(step, done, len(symbols) * len(begun))
                if not self._fetch(request, outcome):
                    outcome.notes.append("it was broken off: the same command goes on there")
                    break
            if outcome.damaged == damaged_before:
                break
            # What was set aside meanwhile had been counted as held.
            is_first = False
        if has_asked and not (outcome.stored.added or outcome.stored.unchanged):
            for failure in outcome.failures.values():
                if isinstance(failure, RangeTooLong):
                    raise failure
        outcome.coverage = coverage_of(
            self._archive, self._provider.feeds, symbols, begun, self._due_us(begun)
        )
        # Not listed in some years is no failure; never heard of is.
        for found in outcome.coverage:
            if not found.present and found.symbol in outcome.nothing:
                outcome.failures.setdefault(found.symbol, outcome.nothing[found.symbol])
        return outcome

    def _due_us(self, sessions: Sequence[Session]) -> Integers:
        if not sessions:
            return np.zeros(0, dtype=np.int64)
        start, end, now = sessions[0].open, sessions[-1].close, self._clock.now()
        return expected_starts(self._exchange, start, end, now, self._archive.interval_minutes)

    def _lacking(
        self,
        symbols: Sequence[str],
        sessions: Sequence[Session],
        outcome: Outcome,
        *,
        is_first: bool,
    ) -> Iterator[tuple[Request, int]]:
        """Yield what is to be asked for, each with how many sessions by symbol are done by then."""
        done = 0
        for together in self._piece.of(sessions):
            held = self._held(symbols, together, outcome)
            if is_first:
                outcome.sessions_before += len(held)
            requests = list(self._requests(symbols, together, held))
            done += len(symbols) * len(together) - sum(request.sessions for request in requests)
            for request in requests:
                yield request, done
                done += request.sessions

    def _fetch(self, request: Request, outcome: Outcome) -> bool:
        """Ask, store and note; return whether asking for more makes sense."""
        fetched = self._provider.fetch(request.symbols, request.start, request.end)
        nothing = {n: why for n, why in fetched.failures.items() if isinstance(why, NothingThere)}
        failures = {n: why for n, why in fetched.failures.items() if n not in nothing}
        outcome.nothing |= nothing
        outcome.failures |= failures
        outcome.notes += [note for note in fetched.notes if note not in outcome.notes]
        outcome.stored += self._stored(fetched, outcome)
        if self._piece.remembered_as is not None:
            answered = [symbol for symbol in request.symbols if symbol not in failures]
            end = min(request.end, self._clock.now() - SETTLED)
            days = _days_of(fetched, self._piece.remembered_as)
            self._asked.add(self._piece.remembered_as, request.start, end, answered, days)
        if not any(isinstance(why, SourceUnavailable) for why in failures.values()):
            drop_pages(fetched.pages)
        return not _is_down(request, fetched)

    def _stored(self, fetched: FetchedBars, outcome: Outcome) -> Stored:
        while True:
            try:
                return self._archive.upsert(fetched)
            except DamagedFile as error:
                self._set_aside(error, outcome)

    def _set_aside(self, error: DamagedFile, outcome: Outcome) -> None:
        if error.file is None:
            raise error
        outcome.damaged += 1
        aside = self._archive.set_aside(error.file)
        outcome.notes.append(
            f"WARNING: {error.what}; it lies in {aside} now, and what it held of these symbols is"
            " fetched again. Fetch its other symbols too"
        )

    def _held(
        self, symbols: Sequence[str], sessions: Sequence[Session], outcome: Outcome
    ) -> set[tuple[str, datetime]]:
        held: set[tuple[str, datetime]] = set()
        remembered_as = self._piece.remembered_as
        start, end = sessions[0].open, sessions[-1].close
        if remembered_as is not None:
            start, end = self._asked.reach(remembered_as, sessions)
        for some in at_once(symbols, sessions, self._archive.interval_minutes):
            while True:
                try:
                    frame = self._read(some, start, end)
                    break
                except DamagedFile as error:
                    self._set_aside(error, outcome)
            if remembered_as is not None:
                held |= self._asked.held(
                    remembered_as, some, sessions, _days_in(frame, remembered_as)
                )
                continue
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

    def _read(self, symbols: Sequence[str], start: datetime, end: datetime) -> pl.DataFrame:
        """Return the provider's bars that start in [start, end), of each symbol one feed."""
        feed = self._piece.remembered_as
        mine = pl.col("feed").is_in(list(self._provider.feeds) if feed is None else [feed])
        frame = self._archive.every_feed(symbols, start, end)
        return one_feed_each(frame.filter(mine))[0]

    def _requests(
        self,
        symbols: Sequence[str],
        sessions: Sequence[Session],
        held: set[tuple[str, datetime]],
    ) -> Iterator[Request]:
        together: dict[tuple[datetime, datetime], list[str]] = {}
        lacking: dict[str, int] = {}
        for symbol in symbols:
            absent = [session for session in sessions if (symbol, session.open) not in held]
            if absent:
                lacking[symbol] = len(absent)
                span = (absent[0].open, absent[-1].close)
                together.setdefault(span, []).append(symbol)
        for (start, end), names in together.items():
            for first in range(0, len(names), self._piece.symbols):
                some = tuple(names[first : first + self._piece.symbols])
                yield Request(some, start, end, sum(lacking[symbol] for symbol in some))


def _is_down(request: Request, fetched: FetchedBars) -> bool:
    """Return whether the provider gives nothing now: no use asking it a thousand times more."""
    return len(fetched.failures) == len(request.symbols) and all(
        isinstance(why, SourceUnavailable) and not isinstance(why, EmptyAnswer)
        for why in fetched.failures.values()
    )


def _days_of(fetched: FetchedBars, source: str) -> dict[str, set[date]]:
    """Return by symbol the days of which a source gave bars."""
    if source not in fetched.sources:
        return {}
    mine = fetched.keep(fetched.source == fetched.sources.index(source)).rows
    pairs = np.unique(np.stack([mine.symbol, mine.start_us // _DAY_US]), axis=1)
    found: dict[str, set[date]] = {}
    for symbol, day in pairs.T.tolist():
        moment = from_microseconds(day * _DAY_US)
        found.setdefault(fetched.symbols[symbol], set()).add(moment.date())
    return found


def _days_in(frame: pl.DataFrame, feed: str) -> dict[str, set[date]]:
    """Return by symbol the days of which the archive has bars of a feed."""
    found: dict[str, set[date]] = {}
    mine = frame.filter(pl.col("feed") == feed)
    for symbol, day in mine.select("symbol", pl.col("ts").dt.date()).unique().iter_rows():
        found.setdefault(symbol, set()).add(day)
    return found
