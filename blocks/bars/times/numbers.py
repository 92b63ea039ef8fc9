"""Times that are numbers since 1970, in the one unit in which they lie between 1980 and 2100."""

from __future__ import annotations

import polars as pl

from blocks.bars.times.values import (
    FIRST_SECOND,
    LAST_SECOND,
    PER_SECOND,
    Times,
    TimeSource,
    not_a_time,
    not_used,
    unreadable_text,
)
from trading.errors import BadInput

# As text: a count since 1970 has other lengths than a date that is written out.
EPOCH = r"\d{9,11}(\.\d+)?|\d{13}(\.\d+)?|\d{15,16}|\d{18,19}"
EXPONENT = r"\d(?:\.\d+)?[eE]\+?\d{1,2}"
# 1.7097354e+18 is whole; a spreadsheet's 1.70974E+12 is a day's quarter.
_EXACT_DECIMALS = 7
# 20240102, and with hours and minutes, and with seconds.
_WRITTEN_OUT = (8, 12, 14)


def whole_numbers(values: pl.Series) -> pl.Series:
    """Return numbers as integers where all are whole, else as floats."""
    if values.dtype.is_float():
        return values
    # Small integers cannot be compared with every unit's bounds.
    whole = values.cast(pl.Int64, strict=False)
    exact = whole.null_count() == 0 and bool((whole.cast(values.dtype) == values).all())
    return whole if exact else values.cast(pl.Float64)


def is_written_out(values: pl.Series) -> bool:
    """Return whether numbers such as 20240102093000 are a date and a time, and no count."""
    return values.dtype.is_integer() and len(str(values[0])) in _WRITTEN_OUT


def from_exponents(text: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    """Return times that are numbers such as 1.7097354e+18. Raises BadInput for shortened ones."""
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count():
        raise unreadable_text(text.filter(numbers.is_null())[0], source)
    decimals = text.str.extract(r"\.(\d+)").str.len_chars().max()
    if not isinstance(decimals, int) or decimals < _EXACT_DECIMALS:
        same = source.expression.cast(pl.String) == text[0]
        raise BadInput(
            f"{text[0]!r} in column {source.name!r} has lost the last digits of a count since 1970,"
            f" {source.place(same)}",
            "Format the column as whole numbers in the spreadsheet that shortened them, and save"
            " the original again",
        )
    return from_numbers(numbers, source, timezone)


def from_numbers(values: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    """Return times that are numbers, in the one unit that fits the first. Raises BadInput."""
    first = values[0]
    units = [
        unit
        for unit, scale in PER_SECOND.items()
        if FIRST_SECOND * scale <= first < LAST_SECOND * scale
    ]
    if not units:
        same = source.expression.cast(pl.Float64, strict=False) == float(first)
        raise not_a_time(first, source, source.place(same))
    unit, scale = units[0], PER_SECOND[units[0]]
    inside = (values >= FIRST_SECOND * scale) & (values < LAST_SECOND * scale)
    if not inside.all():
        odd = values.filter(~inside)[0]
        same = source.expression.cast(pl.Float64, strict=False) == float(odd)
        raise BadInput(
            f"{odd!r} in column {source.name!r} is no time in {unit} since 1970, as the first row"
            f" is, {source.place(same)}",
            "Write all times in one unit",
        )
    if scale > 10**6:
        micro = (values // (scale // 10**6)).cast(pl.Int64)
    elif values.dtype.is_integer():
        micro = values.cast(pl.Int64) * (10**6 // scale)
    else:
        micro = (values * (10**6 // scale)).round().cast(pl.Int64)
    note = f"numbers in column {source.name!r} are read as {unit} since 1970 UTC"
    return Times(micro, (note, *not_used(timezone, source)))
