"""A stream as a provider of bars: what it heard of a session, what it may have missed, and life.

A socket that answers pings may still be mute, so what counts as life is trades, in session
hours. Bars that a break of the stream touches are not given out.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import numpy as np

from blocks.providers.errors import EmptyAnswer, NotConnected
from blocks.providers.fetched_bars import FetchedBars, no_bars, refuse_no_interval
from blocks.providers.stream_connection import StreamConnection
from trading.errors import OpenbellError
from trading.market.bars import BarRows
from trading.market.calendar import (
    INTERVALS_MINUTES,
    Session,
    from_microseconds,
    next_session,
    to_microseconds,
)
from trading.market.session_bars import SessionBars
from trading.session.ports import Clock

Bars = TypeVar("Bars", bound=SessionBars)
# A session's bars can be had for so long after its close.
STAYS = timedelta(hours=2)


class BarStream(ABC, Generic[Bars]):
    """Provider of bars made of what is streamed, between `start` and `close`.

    `source` is whose bars they are, `silence_s` how long no symbol may trade in session hours
    before the connection is made anew. Who inherits this makes its `_connection`.
    """

    _connection: StreamConnection

    def __init__(
        self,
        name: str,
        source: str,
        symbols: Sequence[str],
        exchange: str,
        interval_minutes: int,
        clock: Clock,
        silence_s: float,
    ) -> None:
        self.name = name
        refuse_no_interval(interval_minutes, INTERVALS_MINUTES, self.name)
        self._source = source
        self._symbols = tuple(symbols)
        self._exchange = exchange
        self._interval_minutes = interval_minutes
        self._clock = clock
        self._silence = timedelta(seconds=silence_s)
        self._bars: Bars | None = None
        self._known_sessions: tuple[Session, ...] = ()
        self._last_heard: datetime | None = None
        self._last_traded: datetime | None = None
        self.changed = threading.Condition()
        self.connections = 0
        self.trades = 0
        self.is_connected = False
        self.trouble: OpenbellError | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._connection.start()

    def close(self) -> None:
        """Stop listening; returns within some seconds."""
        self._connection.close()

    @abstractmethod
    def _new_bars(self, session: Session) -> Bars:
        """Return the bars of a session of which nothing was heard yet."""

    @abstractmethod
    def _take(self, message: Any, now: datetime) -> None:
        """Take a message into `_bars_at`, and tell `_note_traded` of each sign of a trade."""

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return nothing: a stream has no past."""
        return None

    def newest_prices(self, session: Session) -> dict[str, float]:
        """Return the price of each symbol's newest trade of a session, USD."""
        with self.changed:
            if self._bars is None or self._bars.session != session:
                return {}
            return self._bars.last_prices()

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        """Return the closed, whole bars that start in [start, end)."""
        begin_us, end_us = to_microseconds(start), to_microseconds(end)
        now_us = to_microseconds(self._clock.now())
        with self.changed:
            bars = self._bars
            if bars is None or not bars.session.open <= start < bars.session.close:
                why = self.trouble or NotConnected(
                    f"the {self.name} has heard nothing of this session",
                    "It gives bars from the first whole one after its start",
                )
                return no_bars(symbols, dict.fromkeys(symbols, why))
            self._note_break(bars, self._clock.now())
            bars.seal(now_us)
            found = bars.rows(begin_us, end_us)
            gap = bars.gap_in(begin_us, end_us)
            last = dict(bars.last_trade_us)
        number = {symbol: index for index, symbol in enumerate(symbols)}
        code = np.array([number.get(symbol, -1) for symbol in self._symbols], dtype=np.int64)
        mine = code[found.symbol] if len(found) else found.symbol
        rows = BarRows(
            mine, found.start_us, found.open, found.high, found.low, found.close, found.volume,
            self._interval_minutes,
        ).take(mine >= 0)  # fmt: skip
        nothing = np.zeros(len(rows), dtype=np.int64)
        present = {symbols[index] for index in np.unique(rows.symbol).tolist()}
        failures = {
            symbol: self._why(symbol, gap, last.get(symbol))
            for symbol in symbols
            if symbol not in present
        }
        return FetchedBars(
            tuple(symbols), rows, (self._source,), nothing, np.full(len(rows), now_us), failures
        )

    def stale(self, longest_s: float) -> dict[str, datetime | None]:
        """Return the symbols without a trade for so long inside session hours, with their last."""
        now = self._clock.now()
        session = self._session_at(now)
        if session is None:
            return {}
        limit = to_microseconds(max(now - timedelta(seconds=longest_s), session.open))
        with self.changed:
            last = {} if self._bars is None else dict(self._bars.last_trade_us)
        if now - session.open < timedelta(seconds=longest_s):
            return {}
        return {
            symbol: from_microseconds(last[symbol]) if symbol in last else None
            for symbol in self._symbols
            if last.get(symbol, 0) < limit
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._symbols)}, key=**********)"

    def _why(self, symbol: str, gap: tuple[int, int] | None, last_us: int | None) -> OpenbellError:
        if symbol not in self._symbols:
            return EmptyAnswer(f"{symbol} is not subscribed", "Name it when the stream begins")
        if gap is not None:
            begin, end = (from_microseconds(us) for us in gap)
            return NotConnected(
                f"the {self.name} may have missed trades from {begin:%H:%M:%S}"
                f" to {end:%H:%M:%S} UTC",
                "The bars of that time are taken from elsewhere",
            )
        heard = f"its last was at {from_microseconds(last_us):%H:%M:%S} UTC" if last_us else "none"
        return EmptyAnswer(
            f"the {self.name} saw no trade of {symbol} in that time ({heard})",
            "It is halted, hardly traded, or the stream is mute for it",
        )

    def connected(self) -> None:
        """Note that trades come from now on, and what may have been missed until now."""
        now = self._clock.now()
        with self.changed:
            self.connections += 1
            self.is_connected, self.trouble = True, None
            bars = self._bars_at(now)
            # From the last sign of life to now nothing is certain.
            since = self._last_heard or datetime.min.replace(tzinfo=now.tzinfo)
            begin = max(since, bars.session.open)
            bars.interrupt(to_microseconds(begin), to_microseconds(now))
            self._last_heard = self._last_traded = now
            self.changed.notify_all()

    def heard(self, message: Any) -> None:
        """Take a message."""
        now = self._clock.now()
        with self.changed:
            # A connection keeps its order: whatever was sent before this message has arrived.
            self._last_heard = now
            self._take(message, now)
            self.changed.notify_all()

    def muteness(self) -> OpenbellError | None:
        """Say so when no symbol was traded for too long in session hours."""
        now = self._clock.now()
        session = self._session_at(now)
        with self.changed:
            if session is None or self._last_traded is None:
                return None
            if now - max(self._last_traded, session.open) <= self._silence:
                return None
            # What came since the last trade is as uncertain as what comes now.
            self._last_heard = self._last_traded
            return NotConnected(
                f"the {self.name} is mute: no trade since {self._last_traded:%H:%M:%S} UTC",
                "It is connected again",
            )

    def ended(self, trouble: OpenbellError) -> None:
        """Note that the connection is gone."""
        with self.changed:
            self.is_connected, self.trouble = False, trouble
            self.changed.notify_all()

    def _note_traded(self, now: datetime) -> None:
        self._last_traded = now
        self.trades += 1

    def _bars_at(self, now: datetime) -> Bars:
        """Return the bars of the session that goes on, or comes next."""
        session = self._next_session(now - STAYS)
        if self._bars is None or session.open > self._bars.session.open:
            self._bars = self._new_bars(session)
        return self._bars

    def _session_at(self, now: datetime) -> Session | None:
        session = self._next_session(now)
        return session if session.open <= now else None

    def _next_session(self, moment: datetime) -> Session:
        for known in self._known_sessions:
            if known.open <= moment < known.close:
                return known
        found = next_session(self._exchange, moment)
        self._known_sessions = (*self._known_sessions[-1:], found)
        return found

    def _note_break(self, bars: Bars, now: datetime) -> None:
        if not self.is_connected and self._last_heard is not None:
            bars.interrupt(to_microseconds(self._last_heard), to_microseconds(now))
        elif self._last_traded is not None:
            # Mute within the bar that is asked for: half of it would pass for the whole.
            traded = max(self._last_traded, bars.session.open)
            begin_us = max([to_microseconds(traded), *bars.last_trade_us.values()])
            end = min(now, bars.session.close)
            if end - from_microseconds(begin_us) > self._silence:
                bars.interrupt(begin_us, to_microseconds(end))
