"""Times as values: microseconds since 1970 UTC, and the zones that local times are read in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from blocks.bars.columns import TWO_COLUMNS
from blocks.bars.times.dates import DateDecision
from blocks.bars.times.likely_format import format_hint
from trading.errors import BadInput

# From 1982 to 2064, counted from the last day of 1899, or from the year 0.
_SHEET_DAY = re.compile(r"(?:[3-5]\d{4}|7[2-5]\d{4})(?:[.,]\d+| 0?[.,]\d+)")
# Seconds or milliseconds since midnight, as many as a day has.
_OF_DAY = re.compile(r"\d{5,8}")
_MOST_OF_DAY = 86_400_000
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")
# A number is an epoch time in the one unit in which it lies between 1980 and 2100.
FIRST_SECOND, LAST_SECOND = 315_532_800, 4_102_444_800
PER_SECOND = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}


@dataclass(frozen=True, slots=True)
class TimeSource:
    """Where times come from: a name for messages, the expression, and a finder of rows."""

    name: str
    expression: pl.Expr
    place: Callable[[pl.Expr], str]


@dataclass(frozen=True, slots=True)
class TimeWriting:
    """What is known beforehand of how times are written.

    `timezone` is the IANA zone of times without one; `time_format` how all are written, in the
    words of strptime, None when that is to be found out; `dates` in which order the numbers of a
    date stand, None when only the digits of what is read can tell. With `exchange_zone` what is
    read are the dates of daily bars, as that zone's clock shows them.
    """

    timezone: str | None = None
    time_format: str | None = None
    dates: DateDecision | None = None
    exchange_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds since 1970 UTC; null for local times that no clock ever showed.

    `zone` is the one that all were read in, None where times carry their own.
    """

    start_us: pl.Series
    notes: tuple[str, ...]
    zone: str | None = None


def check_zone(timezone: str) -> None:
    """Raise BadInput unless a name is one of the IANA's time zones."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise unknown_zone(timezone) from error


def unknown_zone(timezone: str) -> BadInput:
    """Return the error of a time zone that nobody knows."""
    return BadInput(
        f"time zone {timezone!r} is unknown",
        "Use an IANA name, such as --timezone America/New_York or --timezone UTC",
    )


def not_used(timezone: str | None, source: TimeSource) -> tuple[str, ...]:
    """Return the note that a zone was given for times that carry their own."""
    if timezone is None:
        return ()
    return (f"times in column {source.name!r} carry their own zone: {timezone} is not used",)


def without_time(source: TimeSource) -> BadInput:
    """Return the error of a column of dates."""
    return BadInput(
        f"column {source.name!r} holds dates without a time of day,"
        f" {source.place(source.expression.is_not_null())}",
        f"Use intraday bars, or name the column of the time of day too: {TWO_COLUMNS}",
    )


def not_a_time(value: object, source: TimeSource, at: str) -> BadInput:
    """Return the error of a value that cannot be read as a time."""
    if set(str(value)) == {"#"}:
        return BadInput(
            f"{value!r} in column {source.name!r} is what a spreadsheet shows in a column that is"
            f" too narrow, {at}",
            "Make the column wide enough to show its times, and save it again",
        )
    if str(value).startswith("#") or value == source.name:
        return BadInput(
            f"{value!r} in column {source.name!r} is no time, {at}",
            "Remove the line: it is no row",
        )
    if _CLOCK.fullmatch(str(value).strip()):
        return BadInput(
            f"{value!r} in column {source.name!r} is a time of day without a date, {at}",
            f"Name the column of the date too: {TWO_COLUMNS}",
        )
    if _OF_DAY.fullmatch(str(value).strip()) and int(str(value)) < _MOST_OF_DAY:
        return BadInput(
            f"{value!r} in column {source.name!r} is no time with a date, but may be one since"
            f" midnight, {at}",
            "Write each row's date and time, such as 2024-01-31 09:30, where the date is in the"
            f" file's name alone; or name the column of dates too: {TWO_COLUMNS}",
        )
    if _SHEET_DAY.fullmatch(str(value).strip()):
        return BadInput(
            f"{value!r} in column {source.name!r} is a spreadsheet's number of a day, {at}",
            "Format the column as 2024-01-31 09:30 in the spreadsheet, and save it again",
        )
    return BadInput(
        f"{value!r} in column {source.name!r} is no time that can be read, {at}",
        f"Say how times are written, {format_hint(str(value))}, name the time column with"
        " --column ts=NAME, or remove the line if it is no row",
    )


def unreadable_text(value: str, source: TimeSource) -> BadInput:
    """Return the error of a text that cannot be read as a time, with its place."""
    same = source.expression.cast(pl.String) == value
    return not_a_time(value, source, source.place(same))


def localised(naive: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    """Return times without a zone as times of a zone, which must be given. Raises BadInput."""
    if timezone is None:
        raise BadInput(
            f"times in column {source.name!r} have no zone,"
            f" {source.place(source.expression.is_not_null())}",
            "Say which with --timezone America/New_York (or --timezone UTC)",
        )
    check_zone(timezone)
    try:
        aware = naive.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    except pl.exceptions.PolarsError as error:
        raise unknown_zone(timezone) from error
    notes = []
    doubtful = aware.null_count() - naive.null_count()
    if doubtful:
        aware = naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        dropped = aware.null_count() - naive.null_count()
        if doubtful > dropped:
            notes.append(
                f"{doubtful - dropped} times happen twice in {timezone} when clocks go back:"
                " read as the earlier"
            )
        if dropped:
            notes.append(
                f"{dropped} times do not exist in {timezone} when clocks go forward:"
                " these rows are dropped"
            )
    return Times(aware.to_physical(), tuple(notes), timezone)
