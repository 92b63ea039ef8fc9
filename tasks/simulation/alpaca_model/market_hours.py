"""The broker's clock and calendar, over the sessions that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tasks.simulation.alpaca_model.answers import Json
from trading.market.calendar import Session

# The API writes the clock and the calendar in the exchange's own time.
NEW_YORK = ZoneInfo("America/New_York")


class MarketHours:
    """Says when the market is open; sessions in their order."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self.sessions = tuple(sessions)

    def is_open(self, now: datetime) -> bool:
        """Return whether a session runs."""
        return any(session.open <= now < session.close for session in self.sessions)

    def close_of_day(self, now: datetime) -> datetime | None:
        """Return when an order of the day ends: the close of this session or the next one."""
        return next((session.close for session in self.sessions if now < session.close), None)

    def clock_json(self, now: datetime) -> Json:
        """Return the clock as `GET /v2/clock` says it."""
        last = self.sessions[-1]
        opens = next((s.open for s in self.sessions if now < s.open), last.open)
        closes = next((s.close for s in self.sessions if now < s.close), last.close)
        return {
            "timestamp": now.astimezone(NEW_YORK).isoformat(),
            "is_open": self.is_open(now),
            "next_open": opens.astimezone(NEW_YORK).isoformat(),
            "next_close": closes.astimezone(NEW_YORK).isoformat(),
        }

    def calendar_json(self, start: date, end: date) -> Json:
        """Return the days as `GET /v2/calendar` says them."""
        return [
            {
                "date": session.date.isoformat(),
                "open": session.open.astimezone(NEW_YORK).strftime("%H:%M"),
                "close": session.close.astimezone(NEW_YORK).strftime("%H:%M"),
                "session_open": "0400",
                "session_close": "2000",
            }
            for session in self.sessions
            if start <= session.date <= end
        ]
