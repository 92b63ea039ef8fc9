"""How a value of the reference's rulesets is read: as ours, as nothing, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

from trading.market.calendar import regular_hours

# The reference trades by New York's clock, whatever else it is told.
EXCHANGE = "NYSE"
_TICK_USD = 0.01

# By `group.name` of our own rulesets.
Ours = dict[str, Any]
Read = Callable[[Any], Ours]


class BadValue(ValueError):
    """A value that means nothing here; its text is what to do."""


def as_it_is(path: str) -> Read:
    """Return a reader of what only has another name here; empty says nothing."""
    return lambda value: {} if value is None else {path: value}


def only(wanted: object, hint: str) -> Read:
    """Return a reader of what says nothing as long as it is this value."""

    def read(value: Any) -> Ours:
        if value is not None and value != wanted:
            raise BadValue(hint)
        return {}

    return read


def never(hint: str) -> Read:
    """Return a reader of what is refused whatever it says."""

    def read(value: Any) -> Ours:
        raise BadValue(hint)

    return read


def one_of(hint: str, **ours: Ours) -> Read:
    """Return a reader of words, each with what it is here."""

    def read(value: Any) -> Ours:
        if not isinstance(value, str) or value not in ours:
            raise BadValue(hint)
        return ours[value]

    return read


def before_the_close(path: str) -> Read:
    """Return a reader of a time of day as minutes before the regular close."""

    def read(value: Any) -> Ours:
        minutes = _minutes_of(regular_hours(EXCHANGE)[1]) - _minutes_of_day(value)
        if minutes < 0:
            raise BadValue(f"Write {path}, minutes before the session's own close")
        return {path: minutes}

    return read


def at_the_open(value: Any) -> Ours:
    """Return nothing for the time at which sessions open."""
    if _minutes_of_day(value) != _minutes_of(regular_hours(EXCHANGE)[0]):
        raise BadValue("An opening range begins with its session. Remove the key")
    return {}


def at_the_close(value: Any) -> Ours:
    """Return nothing for the time at which sessions close."""
    if _minutes_of_day(value) != _minutes_of(regular_hours(EXCHANGE)[1]):
        raise BadValue("Sessions close as the calendar says. Remove the key")
    return {}


def bar_length(value: Any) -> Ours:
    """Return the minutes of 5m or 1h."""
    text = str(value).strip().lower()
    minutes = "60" if text == "1h" else text.removesuffix("m")
    if not (minutes.isascii() and minutes.isdigit()):
        raise BadValue("Write 1m, 5m, 15m, 30m or 1h")
    return {"interval_minutes": int(minutes)}


def steps_in_r(value: Any) -> Ours:
    """Return steps of at and move_stop_to as pairs."""
    try:
        return {"strategy.trail_steps": [[step["at"], step["move_stop_to"]] for step in value]}
    except (TypeError, KeyError):
        raise BadValue("Write a list of at and move_stop_to, both in R") from None


def ticks_in_usd(value: Any) -> Ours:
    """Return a number of ticks as USD."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue("Write a number of ticks")
    return {"strategy.trail_plus": round(value * _TICK_USD, 4)}


def _minutes_of(of_day: time) -> int:
    return of_day.hour * 60 + of_day.minute


def _minutes_of_day(value: Any) -> int:
    # YAML reads 15:55 without quotes as a number in sixties, 9:30 too.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return value
    try:
        return _minutes_of(time.fromisoformat(f"{value:0>5}"))
    except (ValueError, TypeError):
        raise BadValue('Write a time in quotes, such as "15:00"') from None
