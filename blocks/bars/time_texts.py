"""Times that are written as text or as numbers, in the forms that files have."""

from __future__ import annotations

import re

import polars as pl

from blocks.bars.time_values import (
    FIRST_SECOND,
    LAST_SECOND,
    PER_SECOND,
    Times,
    TimeSource,
    localised,
    not_a_time,
    not_used,
)
from trading.errors import BadInput

MONTH_FIRST = "dates with slashes are read as month/day/year"
DAY_FIRST = "dates with slashes are read as day/month/year"
_TEXT = re.compile(
    r"(?P<date>\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{4}|\d{8})"
    r"(?:(?P<separator>T| +)(?P<time>\d{1,2}:\d{2}:\d{2}(?:\.\d+)?|\d{1,2}:\d{2}|\d{6}|\d{4})"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?"
)


def from_numbers(values: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    """Return times that are numbers, in the one unit that fits the first. Raises BadInput."""
    if not values.dtype.is_float():
        # Small integers cannot be compared with every unit's bounds.
        whole = values.cast(pl.Int64, strict=False)
        exact = whole.null_count() == 0 and bool((whole.cast(values.dtype) == values).all())
        values = whole if exact else values.cast(pl.Float64)
    first = values[0]
    # 20240102093000 is a written-out time, not a count since 1970.
    if values.dtype.is_integer() and len(str(first)) in (8, 12, 14):
        return from_text(values.cast(pl.String), source, timezone)
    units = [
        unit
        for unit, scale in PER_SECOND.items()
        if FIRST_SECOND * scale <= first < LAST_SECOND * scale
    ]
    if not units:
        raise not_a_time(first, source, source.place(source.expression == first))
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


def from_text(text: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    """Return times that are text, each in one of the forms that files have. Raises BadInput."""
    if re.fullmatch(r"\d{9,11}(\.\d+)?|\d{13}(\.\d+)?|\d{15,19}", text[0]):
        kind = pl.Float64 if "." in text[0] else pl.Int64
        numbers = text.cast(kind, strict=False)
        if numbers.null_count():
            raise _bad_text(text.filter(numbers.is_null())[0], source)
        return from_numbers(numbers, source, timezone)
    named = re.fullmatch(r".*\d( +)([A-Za-z]+(?:/[A-Za-z_]+)+)", text[0])
    if named and text.str.ends_with(named[1] + named[2]).all():
        bare = text.str.strip_suffix(named[1] + named[2])
        times = from_text(bare, source, named[2])
        note = f"times in column {source.name!r} are read in the zone that they name: {named[2]}"
        return Times(times.start_us, (note, *times.notes))
    naive = pl.Series(text.name, [None], dtype=pl.Datetime("us")).extend_constant(
        None, len(text) - 1
    )
    aware = naive.cast(pl.Int64)
    notes: list[str] = []
    tried: set[str] = set()
    # One format reads most files in one pass; each further pass reads what is left of a mixture.
    while (left := text.filter(naive.is_null() & aware.is_null())).len():
        form, zone = _format_of(left[0], text, source, notes)
        if form in tried:
            raise _bad_text(left[0], source)
        tried.add(form)
        if zone:
            parsed = text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
            aware = aware.zip_with(aware.is_not_null(), parsed.to_physical())
        else:
            parsed = text.str.to_datetime(form, time_unit="us", strict=False)
            naive = naive.zip_with(naive.is_not_null(), parsed)
    if naive.null_count() == len(naive):
        return Times(aware, (*notes, *not_used(timezone, source)))
    local = localised(naive, source, timezone)
    return Times(aware.zip_with(aware.is_not_null(), local.start_us), (*notes, *local.notes))


def _bad_text(value: str, source: TimeSource) -> BadInput:
    same = source.expression.cast(pl.String) == value
    return not_a_time(value, source, source.place(same))


def _format_of(
    value: str, text: pl.Series, source: TimeSource, notes: list[str]
) -> tuple[str, bool]:
    """Return the format that fits a text, and whether it carries its own zone."""
    spread = re.sub(r"^(\d{8})(\d{4}(?:\d{2})?)$", r"\1 \2", value)
    match = _TEXT.fullmatch(spread)
    if match is None:
        raise _bad_text(value, source)
    if match["time"] is None:
        raise BadInput(
            f"{value!r} in column {source.name!r} is a date without a time of day,"
            f" {source.place(source.expression.cast(pl.String) == value)}",
            "Use intraday bars, or name the time column with --column ts=NAME",
        )
    form = _date_format(match["date"], text, notes)
    form += match["separator"] if spread == value else ""
    clock = match["time"]
    hours = "%I" if match["half"] else "%H"
    if ":" in clock:
        form += f"{hours}:%M:%S%.f" if clock.count(":") == 2 else f"{hours}:%M"
    else:
        form += f"{hours}%M%S" if len(clock) == 6 else f"{hours}%M"
    if match["half"]:
        form += re.sub("[AaPp][Mm]", "%p", match["half"])
    zone = match["zone"] or ""
    if zone:
        form += zone if zone.strip() in ("UTC", "GMT") else " " * zone.startswith(" ") + "%#z"
    return form, bool(zone)


def _date_format(shown: str, text: pl.Series, notes: list[str]) -> str:
    if "-" in shown:
        return "%Y-%m-%d"
    if "/" not in shown:
        return "%Y%m%d"
    if shown[4] == "/" and shown[:4].isdigit():
        return "%Y/%m/%d"
    leading = text.str.extract(r"^(\d{1,2})/").cast(pl.Int64).max()
    day_first = isinstance(leading, int) and leading > 12
    notes.append(DAY_FIRST if day_first else MONTH_FIRST)
    return "%d/%m/%Y" if day_first else "%m/%d/%Y"
