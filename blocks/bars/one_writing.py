"""How the times of all files of a source are written, decided before any row is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from blocks.bars.chosen_columns import Part
from blocks.bars.file_format import BarFileFormat
from blocks.bars.tables import reading
from blocks.bars.times.calendar_order import order_by_calendar
from blocks.bars.times.dates import (
    DateReading,
    agreed,
    begins_with_numbers,
    date_readings,
    numeric_dates,
)
from blocks.bars.times.utc import time_expression
from blocks.bars.times.values import TimeWriting
from trading.errors import BadInput


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
        if (readings := _readings(part))
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


def _readings(part: Part) -> tuple[DateReading, ...]:
    with reading(part.table.path):
        dates = part.table.filled.select(_dates(part).unique()).collect().to_series()
    return date_readings(dates)


def _dates(part: Part) -> pl.Expr:
    return numeric_dates(time_expression(part.table.schema, part.columns.times))
