"""Times of a user's file, in whatever form they are written, as microseconds since 1970 UTC."""

from __future__ import annotations

import re

import polars as pl

from blocks.bars.columns import INVISIBLE, TWO_COLUMNS
from blocks.bars.times.days import to_local
from blocks.bars.times.numbers import (
    EPOCH,
    EXPONENT,
    from_exponents,
    from_numbers,
    is_written_out,
    whole_numbers,
)
from blocks.bars.times.texts import from_text, from_told_format
from blocks.bars.times.values import (
    FIRST_SECOND,
    LAST_SECOND,
    PER_SECOND,
    Times,
    TimeSource,
    TimeWriting,
    localised,
    not_used,
    unreadable_text,
    without_time,
)
from trading.errors import BadInput


def time_expression(schema: pl.Schema, names: tuple[str, ...]) -> pl.Expr:
    """Return one column of times as it is, or a date and a time of day joined as text."""
    if len(names) == 1:
        return _trimmed(names[0]) if _is_text(schema[names[0]]) else pl.col(names[0])
    day, moment = (pl.col(name) for name in names)
    day_type, moment_type = schema[names[0]], schema[names[1]]
    if isinstance(day_type, pl.Datetime):
        # A date that carries a time of day of its own makes a text that no format fits.
        midnight = day == day.dt.truncate("1d")
        day = pl.when(midnight).then(day.dt.to_string("%Y-%m-%d")).otherwise(day.cast(pl.String))
    elif isinstance(day_type, pl.Date):
        day = day.dt.to_string("%Y-%m-%d")
    else:
        day = _trimmed(names[0])
    if isinstance(moment_type, pl.Time):
        moment = moment.dt.to_string("%H:%M:%S%.f")
    elif moment_type.is_temporal() or moment_type.is_nested():
        raise BadInput(
            f"column {names[1]!r} holds {moment_type}, which is no time of day",
            "Write it as 09:30:00, or name another column: " + TWO_COLUMNS,
        )
    else:
        moment = _trimmed(names[1])
        # 930 is 09:30 and 93000 is 09:30:00: numbers lose their leading zeros.
        width = pl.when(moment.str.len_chars().max() > 4).then(6).otherwise(4)
        digits = moment.str.contains(r"^\d+$")
        moment = pl.when(digits).then(moment.str.zfill(width)).otherwise(moment)
    return day + " " + moment


def to_utc(values: pl.Series, source: TimeSource, writing: TimeWriting) -> Times:
    """Return times of any supported type as microseconds since 1970 UTC.

    Raises BadInput for a null, a text or number that is no time, dates without a time of day, an
    unknown zone, or none where needed, and for times before 1980 or after 2100.
    """
    times = _read(values, source, writing)
    scale = PER_SECOND["microseconds"]
    first, last = times.start_us.arg_min(), times.start_us.arg_max()
    for at in (first, last):
        if at is None:
            continue
        seconds = times.start_us[at] // scale
        if not FIRST_SECOND <= seconds < LAST_SECOND:
            raise BadInput(
                f"{values[at]!s} in column {source.name!r} is no time from 1980 to 2100,"
                f" {source.place(source.expression == values[at])}",
                "Correct the time, or name the time column with --column ts=NAME",
            )
    return times


def _read(values: pl.Series, source: TimeSource, writing: TimeWriting) -> Times:
    if values.null_count():
        raise BadInput(
            f"time missing in column {source.name!r}, {source.place(source.expression.is_null())}",
            "Remove the row or fill in its time",
        )
    if writing.exchange_zone is not None:
        return to_local(values, source, writing, _read)
    kind = values.dtype
    if isinstance(kind, pl.Datetime):
        stamps = values.dt.cast_time_unit("us")
        if kind.time_zone is not None:
            return Times(stamps.to_physical(), not_used(writing.timezone, source))
        return localised(stamps, source, writing.timezone)
    if isinstance(kind, pl.Date):
        raise without_time(source)
    if kind.is_numeric():
        numbers = whole_numbers(values)
        if writing.time_format is None and not is_written_out(numbers):
            return from_numbers(numbers, source, writing.timezone)
        return _of_text(numbers.cast(pl.String), source, writing)
    if isinstance(kind, pl.String):
        return _of_text(values, source, writing)
    raise BadInput(
        f"column {source.name!r} holds {kind}, which is no time, in"
        f" {source.place(pl.lit(value=True))}",
        "Name the time column with --column ts=NAME",
    )


def _of_text(text: pl.Series, source: TimeSource, writing: TimeWriting) -> Times:
    if writing.time_format is not None:
        return from_told_format(text, source, writing)
    if re.fullmatch(EXPONENT, text[0]):
        return from_exponents(text, source, writing.timezone)
    if not re.fullmatch(EPOCH, text[0]):
        return from_text(text, source, writing)
    numbers = text.cast(pl.Float64 if "." in text[0] else pl.Int64, strict=False)
    if numbers.null_count():
        odd = text.filter(numbers.is_null())[0]
        raise unreadable_text(odd, source)
    return from_numbers(numbers, source, writing.timezone)


def _is_text(kind: pl.DataType) -> bool:
    return isinstance(kind, (pl.String, pl.Categorical, pl.Enum))


def _trimmed(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.strip_chars(INVISIBLE).replace("", None)
