"""What providers were asked for and answered in full, so that it is not asked for again.

Bars alone do not tell: a symbol that was not listed yet has none, however often it is asked for.
One line a question is added to a file; a line that a crash cut short counts as not asked. A
question whose bars are not in the archive any more counts as not asked either.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from blocks.archive.month.files import not_written
from trading.errors import StoreUnavailable
from trading.market.calendar import Session, from_microseconds, to_microseconds

Days = Mapping[str, Set[date]]
_NO_DAYS: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class _Line:
    """A question; `days` says by symbol on how many days it had bars."""

    provider: str
    start_us: int
    end_us: int
    days: Mapping[str, int]


class AskedFile:
    """The answered questions for bars of one length."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[_Line] | None = None

    def add(
        self, provider: str, start: datetime, end: datetime, symbols: Sequence[str], days: Days
    ) -> None:
        """Note that a provider has said all there is of symbols in [start, end).

        `days` are those of which the archive has bars of it now. Raises StoreUnavailable.
        """
        if not symbols or end <= start:
            return
        counts = {symbol: len(days.get(symbol, _NO_DAYS)) for symbol in symbols}
        line = _Line(provider, to_microseconds(start), to_microseconds(end), counts)
        text = json.dumps([line.provider, line.start_us, line.end_us, counts])
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as stream:
                # Begun anew, so that a line that was cut short spoils no other.
                stream.write(f"\n{text}\n".encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise not_written(self._path, error) from error
        self._known().append(line)

    def held(
        self, provider: str, symbols: Sequence[str], sessions: Sequence[Session], there: Days
    ) -> set[tuple[str, datetime]]:
        """Return by symbol and open the sessions that need not be asked for again.

        `there` says by symbol of which days the archive has bars of the provider, all through the
        sessions' `reach`.
        """
        if not sessions:
            return set()
        wanted = frozenset(symbols)
        first_us, last_us = (to_microseconds(sessions[at].open) for at in (0, -1))
        found: set[tuple[str, datetime]] = set()
        for line in self._known():
            if line.provider != provider or line.end_us <= first_us or line.start_us > last_us:
                continue
            opens = [
                session.open
                for session in sessions
                if line.start_us <= to_microseconds(session.open)
                and to_microseconds(session.close) <= line.end_us
            ]
            first, last = (from_microseconds(us).date() for us in (line.start_us, line.end_us))
            for symbol, count in line.days.items():
                if symbol in wanted and count <= sum(
                    first <= day <= last for day in there.get(symbol, _NO_DAYS)
                ):
                    found.update((symbol, moment) for moment in opens)
        return found

    def reach(self, provider: str, sessions: Sequence[Session]) -> tuple[datetime, datetime]:
        """Return the time from the first to the last moment of what was asked of any session.

        The bars of all of it have to be there for what is known of a question to count.
        """
        first_us, last_us = to_microseconds(sessions[0].open), to_microseconds(sessions[-1].close)
        asked = [
            line
            for line in self._known()
            if line.provider == provider and line.start_us < last_us and line.end_us > first_us
        ]
        begin_us = min((line.start_us for line in asked), default=first_us)
        end_us = max((line.end_us for line in asked), default=last_us)
        return (
            from_microseconds(min(begin_us, first_us)),
            from_microseconds(max(end_us, last_us)),
        )

    def _known(self) -> list[_Line]:
        if self._lines is None:
            self._lines = list(self._read())
        return self._lines

    def _read(self) -> Iterator[_Line]:
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreUnavailable(
                f"{self._path} cannot be read: {error.strerror}", "Check its permissions"
            ) from error
        for line in lines:
            try:
                provider, start_us, end_us, days = json.loads(line)
                counts = {sys.intern(symbol): int(count) for symbol, count in days.items()}
                yield _Line(sys.intern(provider), int(start_us), int(end_us), counts)
            except (ValueError, TypeError, AttributeError):
                continue
