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
_MONTHS = 12


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


def exchanged_days(exchange: str, reading: DateReading) -> tuple[date, ...]:
    """Return the days of a reading that some program has exchanged day and month of, if any.

    A spreadsheet of another country exchanges what it can, the first to the twelfth, and leaves
    the rest as it is: read in the order of the rest, the days are scattered over the year and
    some are no sessions, and with the others exchanged back all are sessions side by side.
    """
    if reading.order is DateOrder.YEAR_FIRST:
        return ()
    back = {day: _exchanged(day) for day in reading.days}
    whole = DateReading(reading.order, tuple(sorted(set(back.values()))))
    if len(whole.days) < len(reading.days):
        return ()
    share, density = _fit(exchange, reading)
    share_back, density_back = _fit(exchange, whole)
    if share == 1 or share_back < 1 or density_back < _DENSER_BY * density:
        return ()
    return tuple(day for day in reading.days if back[day] != day)


def _exchanged(day: date) -> date:
    return day.replace(month=day.day, day=day.month) if day.day <= _MONTHS else day


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
