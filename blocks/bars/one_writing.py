"""How the times of all files of a source are written, decided before any row is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from blocks.bars.chosen_columns import Part
from blocks.bars.file_format import BarFileFormat
from blocks.bars.tables import reading
from blocks.bars.times.calendar_order import exchanged_days, order_by_calendar
from blocks.bars.times.dates import (
    DateReading,
    agreed,
    begins_with_numbers,
    date_readings,
    numeric_dates,
)
from blocks.bars.times.utc import time_expression
from blocks.bars.times.values import TimeWriting
from blocks.bars.times.zone_letters import minutes_of
from trading.errors import BadInput

_ZONE_BEHIND = r":\d{2}(?:\.\d+)?(?: ?[AaPp][Mm])? ?\(?([+-]\d{2}:?\d{2}|[A-Za-z]{1,5})\)?\s*$"
_SOME_YEAR = 2024


def writing_of(
    path: Path, parts: Iterable[Part], format: BarFileFormat, exchange: str
) -> TimeWriting:
    """Return what is known of how times are written in all parts of a path.

    Of dates in three numbers all days of all parts decide the order, by the exchange's calendar,
    so that a date means the same whatever is asked for. Raises BadInput where parts disagree.
    """
    told = TimeWriting(format.timezone, format.time_format)
    if format.time_format is not None:
        return told
    found = [
        readings
        for part in parts
        if begins_with_numbers(part.table.first[part.columns.times[0]][0])
        if (readings := _readings(part, exchange))
    ]
    if not found:
        return told
    dates = agreed(found, order_by_calendar(exchange))
    if dates is None:
        raise BadInput(
            f"the files of {path} seem to disagree on which of day and month comes first",
            "Write dates as 2024-01-31",
        )
    return TimeWriting(format.timezone, format.time_format, dates)


def zones_behind(part: Part, told: str | None) -> tuple[str, ...]:
    """Return the zones that stand behind the times of one file, or that its column is of.

    Letters are the offset that they mean, which the zone that is told may have decided.
    """
    name = part.columns.times[-1]
    kind = part.table.schema[name]
    if isinstance(kind, pl.Datetime):
        return (kind.time_zone,) if kind.time_zone else ()
    if not isinstance(kind, pl.String):
        return ()
    zone = pl.col(name).str.extract(_ZONE_BEHIND).unique().drop_nulls().sort()
    with reading(part.table.path):
        behind = part.table.filled.select(zone).collect()[name].to_list()
    return tuple(dict.fromkeys(offset for one in behind for offset in _offset_of(one, told)))


def _offset_of(behind: str, told: str | None) -> tuple[str, ...]:
    """Return the offset of what stands behind a time, none where that is no zone."""
    if not behind.isalpha() or behind.upper() in ("Z", "UTC", "GMT"):
        return (behind.upper(),)
    if behind.upper() in ("AM", "PM"):
        return ()
    try:
        minutes = minutes_of(behind.upper(), told, _SOME_YEAR, "")
    except BadInput:
        return ()
    if minutes is None:
        return ()
    hours, rest = divmod(abs(minutes), 60)
    return (f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}",)


def _readings(part: Part, exchange: str) -> tuple[DateReading, ...]:
    with reading(part.table.path):
        dates = part.table.filled.select(_dates(part).unique()).collect().to_series()
    readings = date_readings(dates)
    _refuse_two_orders(part, readings, exchange)
    return readings


def _refuse_two_orders(part: Part, readings: tuple[DateReading, ...], exchange: str) -> None:
    if len(readings) != 1:
        return
    exchanged = exchanged_days(exchange, readings[0])
    if exchanged:
        raise BadInput(
            f"dates of {part.table.path} are in two orders: digits make them {readings[0].order},"
            f" and so read {len(exchanged)} of {len(readings[0].days)}, such as {exchanged[0]},"
            " are far from the rest, which they are not with month and day exchanged",
            "A spreadsheet of another country exchanged those that it could; write all dates as"
            " 2024-01-31 from the file that it was given",
        )


def _dates(part: Part) -> pl.Expr:
    return numeric_dates(time_expression(part.table.schema, part.columns.times))
