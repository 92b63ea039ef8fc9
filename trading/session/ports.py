"""What the core expects of the world."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from trading.market.bars import BarRows
from trading.market.calendar import Session
from trading.session.broker.exchange_port import StreamPosition
from trading.session.events import Event


class Clock(Protocol):
    """Time, real or replayed, always aware UTC."""

    def now(self) -> datetime:
        """Return the present."""
        ...

    async def sleep_until(self, moment: datetime, at_most_seconds: float = math.inf) -> None:
        """Return when the moment has come, at once if it has passed, or after so many seconds."""
        ...


class MarketData(Protocol):
    """A source of bars.

    `family` names the market that its bars are of: an account never changes it; `is_simulated`
    says that it is no real one, `is_compared_with_daily` that all its bars were compared with the
    user's daily bars when it was opened. `reasons` says of the last rows by symbol why it has none,
    `troubles` by part what a person has to mend although bars may come all the same.
    """

    name: str
    is_simulated: bool
    is_compared_with_daily: bool = False

    @property
    def family(self) -> str:
        """Return the market that the bars are of."""
        return self.name

    @property
    def reasons(self) -> Mapping[str, str]:
        """Return by symbol why the last rows have none of it."""
        return {}

    @property
    def troubles(self) -> Mapping[str, str]:
        """Return by part what a person has to mend."""
        return {}

    @property
    def feed_of(self) -> Mapping[str, str]:
        """Return by symbol which provider or feed the last rows are of, where there are several."""
        return {}

    @property
    def late(self) -> Collection[str]:
        """Return the symbols of which the last rows hold one that was not over when it came."""
        return ()

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return the rows of earlier sessions, oldest first, to warm the indicators."""
        ...

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        """Return the closed rows that start in [start, end).

        Raises SourceUnavailable when the source does not answer.
        """
        ...

    def newest_prices(
        self, symbols: Sequence[str], session: Session, now: datetime
    ) -> Mapping[str, float]:
        """Return the newest price of each symbol that is known at a moment, USD.

        A symbol may be absent; the close of its last bar is taken then. Does not wait for anybody.
        """
        return {}

    def close(self) -> None:
        """Let go of what the source holds open, if anything."""
        return


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of the journal."""

    number: int
    event: Event


class Ledger(Protocol):
    """The account's truth: an append-only journal, committed in batches."""

    def commit(
        self, events: Sequence[Event], *, epoch: int, cursor: StreamPosition | None = None
    ) -> None:
        """Append events, all or none, if the lease's epoch still is ours."""
        ...

    def journal_of(self, session: str) -> list[JournalRow]:
        """Return a session's rows in order."""
        ...


class Notifier(Protocol):
    """Where messages for people go."""

    def send(self, kind: str, text: str, **fields: object) -> None:
        """Send one message; never raises for what the receiver does."""
        ...


class Storage(Protocol):
    """A place for copies; `str()` says where it is, without its secrets.

    Every request raises StoreUnavailable when the place does not answer in time, and BadInput
    when it refuses the account, key or container as they are set.
    """

    def put(self, name: str, content: bytes) -> None:
        """Store content under a name, all or nothing, replacing what was there."""
        ...

    def get(self, name: str) -> bytes:
        """Return what is stored under a name; raises StoreUnavailable when it was altered."""
        ...

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with a prefix, sorted."""
        ...

    def delete(self, name: str) -> None:
        """Remove what is stored under a name; nothing happens when it is not there."""
        ...
