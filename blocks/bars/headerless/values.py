"""What the values of a column can be: times, dates, numbers or names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from blocks.bars.times.forms import matched
from blocks.bars.times.halves import plain_time
from blocks.bars.times.numbers import EPOCH
from blocks.bars.times.values import FIRST_SECOND, LAST_SECOND, PER_SECOND

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?|\d{1,6}")
_NAME = re.compile(r"[A-Za-z^][A-Za-z0-9.^=:/_ -]{0,31}")
_WRITTEN_OUT = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_FEWEST_NUMBERS = 4


def looks_like_data(fields: Sequence[str]) -> bool:
    """Return whether the fields of a file's first line are values, and no names of columns."""
    numbers = [number_of(field) for field in fields]
    if sum(number is not None for number in numbers) < _FEWEST_NUMBERS:
        return False
    # Columns without names are numbered by some programs.
    is_counted = any(numbers == list(range(first, len(fields) + first)) for first in (0, 1))
    return not is_counted and (None not in numbers or any(is_time(f) or is_date(f) for f in fields))


def looks_like_a_time(name: str) -> bool:
    """Return whether what should be a column's name is a time of a bar."""
    match = matched(plain_time(name.strip()))
    return match is not None and match["time"] is not None


def kind_of(text: str) -> str:
    """Return what a value can be, in one word."""
    if number_of(text) is not None:
        return "number"
    return "time" if is_time(text) else "date" if is_date(text) else "text"


def numbers_of(values: Sequence[str]) -> list[float] | None:
    """Return the numbers of a column, None where a value is none."""
    numbers = [number_of(value) for value in values]
    known = [number for number in numbers if number is not None]
    return known if len(known) == len(numbers) else None


def number_of(text: str) -> float | None:
    """Return a number, its decimals behind a point or a comma, None for what is none."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def are_dates(values: Sequence[str]) -> bool:
    """Return whether all values are dates without a time of day."""
    return all(map(is_date, values))


def are_clocks(values: Sequence[str]) -> bool:
    """Return whether all values are times of a day."""
    return all(_CLOCK.fullmatch(plain_time(value.strip())) for value in values)


def are_times(values: Sequence[str]) -> bool:
    """Return whether all values are times with a day."""
    return all(map(is_time, values))


def is_time(text: str) -> bool:
    """Return whether a value is a time with a day, in words or as a count since 1970."""
    if looks_like_a_time(text):
        return True
    if not re.fullmatch(EPOCH, text.strip()):
        return False
    return any(FIRST_SECOND <= float(text) / scale < LAST_SECOND for scale in PER_SECOND.values())


def is_date(text: str) -> bool:
    """Return whether a value is a date without a time of day."""
    match = matched(text.strip())
    if match is None or match["time"] is not None:
        return False
    return not match["date"].isdigit() or _WRITTEN_OUT.fullmatch(match["date"]) is not None


def are_names(values: Sequence[str]) -> bool:
    """Return whether all values could be symbols."""
    return all(_NAME.fullmatch(value.strip()) for value in values)
