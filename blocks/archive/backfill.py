"""Bring the archive up to the calendar: ask for the sessions that it does not hold for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from blocks.archive.archive import BarArchive, Stored
from blocks.providers.errors import RangeTooLong
from blocks.providers.fetched_bars import Provider, expected_starts
from trading.errors import OpenbellError
from trading.market.calendar import Session, from_microseconds
from trading.session.ports import Clock

SYMBOLS_AT_ONCE = 8
SESSIONS_AT_ONCE = {1: 4}
MOST_SESSIONS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Request:
    """Symbols whose bars of [start, end) are asked for together."""

    symbols: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the archive holds of a symbol against the calendar, as counts of bars.

    `sources` counts by provider; `missing` holds the starts of absent bars, aware UTC.
    """

    symbol: str
    expected: int
    present: int
    revisions: int
    sources: dict[str, int]
    missing: tuple[datetime, ...]


@dataclass(slots=True)
class Outcome:
    """What a backfill did: bars stored, sessions there before, and by symbol why one failed."""

    stored: Stored = field(default_factory=Stored)
    sessions_before: int = 0
    failures: dict[str, OpenbellError] = field(default_factory=dict)
    coverage: list[Coverage] = field(default_factory=list)


class Backfill:
    """Fetches what is missing, piece by piece: every piece is stored before the next is asked.

    A session counts as held for good once a bar of it was fetched after its close.
    """

    def __init__(
        self, archive: BarArchive, provider: Provider, exchange: str, clock: Clock
    ) -> None:
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
        held = self._held(symbols, begun)
        outcome.sessions_before = len(held)
        requests = list(self._requests(symbols, begun, held))
        for number, request in enumerate(requests):
            if progress is not None:
                progress(f"{request.start:%Y-%m-%d} {request.symbols[0]}", number, len(requests))
            fetched = self._provider.fetch(request.symbols, request.start, request.end)
            outcome.failures |= fetched.failures
            outcome.stored += self._archive.upsert(fetched)
        if requests and not (outcome.stored.added or outcome.stored.unchanged):
            for failure in outcome.failures.values():
                if isinstance(failure, RangeTooLong):
                    raise failure
        outcome.coverage = self._coverage(symbols, begun)
        return outcome

    def _held(
        self, symbols: Sequence[str], sessions: Sequence[Session]
    ) -> set[tuple[str, datetime]]:
        if not sessions:
            return set()
        frame = self._archive.frame(symbols, sessions[0].open, sessions[-1].close)
        newest = frame.group_by("symbol", frame["ts"].dt.date()).agg(pl.col("fetched_at").max())
        last = {(symbol, day): fetched for symbol, day, fetched in newest.iter_rows()}
        return {
            (symbol, session.open)
            for symbol in symbols
            for session in sessions
            if (fetched := last.get((symbol, session.open.date()))) is not None
            and fetched >= session.close
        }

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
        ).tolist()
        frame = self._archive.frame(symbols, start, end)
        found = []
        for symbol in symbols:
            mine = frame.filter(frame["symbol"] == symbol)
            there = set(mine["ts"].dt.epoch("us").to_list())
            missing = tuple(from_microseconds(us) for us in due if us not in there)
            sources = dict(Counter(mine["source"].to_list()))
            found.append(
                Coverage(
                    symbol, len(due), len(due) - len(missing), int(mine["revisions"].sum()),
                    sources, missing,
                )
            )  # fmt: skip
        return found
