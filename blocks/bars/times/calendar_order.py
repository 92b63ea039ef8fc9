"""Which of day, month and year comes first in a date, decided by an exchange's calendar."""

from __future__ import annotations

from datetime import date

from blocks.bars.times.dates import DateOrder, DateReading, OrderChooser
from trading.errors import BadInput
from trading.market.calendar import sessions_between

# Of a file read in its own order nearly every date is a session; a few are holidays of another.
_FEWEST_SESSIONS = 0.9
# Files of bars have most sessions from their first to their last: a wrong order leaves months out.
_DENSER_BY = 3.0


def order_by_calendar(exchange: str) -> OrderChooser:
    """Return a chooser that takes the order whose dates are an exchange's sessions.

    Where two are, it takes the one that leaves far fewer sessions out; where that is no answer
    either it returns None.
    """

    def choose(readings: tuple[DateReading, ...]) -> DateOrder | None:
        judged = [(reading.order, *_fit(exchange, reading)) for reading in readings]
        likely = [(order, density) for order, share, density in judged if share >= _FEWEST_SESSIONS]
        likely.sort(key=lambda pair: -pair[1])
        if len(likely) == 1 or (likely and likely[0][1] >= _DENSER_BY * likely[1][1]):
            return likely[0][0]
        return None

    return choose


def _fit(exchange: str, reading: DateReading) -> tuple[float, float]:
    """Return the share of dates that are sessions, and the share of sessions between that are."""
    try:
        sessions = sessions_between(exchange, reading.days[0], reading.days[-1])
    except BadInput:
        # A calendar reaches not far enough for the years that this order makes.
        return 0.0, 0.0
    days: set[date] = {session.date for session in sessions}
    both = len(days.intersection(reading.days))
    return both / len(reading.days), both / max(1, len(days))
