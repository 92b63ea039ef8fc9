"""Times of a user's file, in whatever form they are written, as microseconds since 1970 UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from trading.errors import BadInput

# A number is an epoch time in the one unit in which it lies between 1980 and 2100.
_FIRST_SECOND, _LAST_SECOND = 315_532_800, 4_102_444_800
_PER_SECOND = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}

MONTH_FIRST = "dates with slashes are read as month/day/year"
DAY_FIRST = "dates with slashes are read as day/month/year"

_TEXT = re.compile(
    r"(?P<date>\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{4}|\d{8})"
    r"(?:(?P<separator>T| +)(?P<time>\d{1,2}:\d{2}:\d{2}(?:\.\d+)?|\d{1,2}:\d{2}|\d{6}|\d{4})"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?"
)


@dataclass(frozen=True, slots=True)
class TimeSource:
    """Where times come from: a name for messages, the expression, and a finder of rows."""

    name: str
    expression: pl.Expr
    place: Callable[[pl.Expr], str]


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds since 1970 UTC; null for local times that no clock ever showed."""

    start_us: pl.Series
    notes: tuple[str, ...]


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
    else:
        moment = _trimmed(names[1])
        # 930 is 09:30 and 93000 is 09:30:00: numbers lose their leading zeros.
        width = pl.when(moment.str.len_chars().max() > 4).then(6).otherwise(4)
        digits = moment.str.contains(r"^\d+$")
        moment = pl.when(digits).then(moment.str.zfill(width)).otherwise(moment)
    return day + " " + moment


def to_utc(values: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    """Return times of any supported type as microseconds since 1970 UTC.

    `timezone` is the IANA zone of times without one. Raises BadInput for a null, a text or
    number that is no time, dates without a time of day, an unknown zone, or none where needed,
    and for times before 1980 or after 2100.
    """
    times = _read(values, source, timezone)
    scale = _PER_SECOND["microseconds"]
    first, last = times.start_us.arg_min(), times.start_us.arg_max()
    for at in (first, last):
        if at is None:
            continue
        seconds = times.start_us[at] // scale
        if not _FIRST_SECOND <= seconds < _LAST_SECOND:
            raise BadInput(
                f"{values[at]!s} in column {source.name!r} is no time from 1980 to 2100,"
                f" {source.place(source.expression == values[at])}",
                "Correct the time, or name the time column with --column ts=NAME",
            )
    return times


def _read(values: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    if values.null_count():
        raise BadInput(
            f"time missing in column {source.name!r}, {source.place(source.expression.is_null())}",
            "Remove the row or fill in its time",
        )
    kind = values.dtype
    if isinstance(kind, pl.Datetime):
        stamps = values.dt.cast_time_unit("us")
        if kind.time_zone is not None:
            return Times(stamps.to_physical(), _not_used(timezone, source))
        return _localised(stamps, source, timezone)
    if isinstance(kind, pl.Date):
        raise _without_time(source)
    if kind.is_numeric():
        return _from_numbers(values, source, timezone)
    if isinstance(kind, pl.String):
        return _from_text(values, source, timezone)
    raise BadInput(
        f"column {source.name!r} holds {kind}, which is no time, in"
        f" {source.place(pl.lit(value=True))}",
        "Name the time column with --column ts=NAME",
    )


def check_zone(timezone: str) -> None:
    """Raise BadInput unless a name is one of the IANA's time zones."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _unknown_zone(timezone) from error


def _unknown_zone(timezone: str) -> BadInput:
    return BadInput(
        f"time zone {timezone!r} is unknown", "Use an IANA name such as America/New_York or UTC"
    )


def _not_used(timezone: str | None, source: TimeSource) -> tuple[str, ...]:
    if timezone is None:
        return ()
    return (f"times in column {source.name!r} carry their own zone: {timezone} is not used",)


def _is_text(kind: pl.DataType) -> bool:
    return isinstance(kind, (pl.String, pl.Categorical, pl.Enum))


def _trimmed(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.strip_chars().replace("", None)


def _without_time(source: TimeSource) -> BadInput:
    return BadInput(
        f"column {source.name!r} holds dates without a time of day,"
        f" {source.place(source.expression.is_not_null())}",
        "Use intraday bars, or name the time column with --column ts=NAME",
    )


def _not_a_time(value: object, source: TimeSource, at: str) -> BadInput:
    return BadInput(
        f"{value!r} in column {source.name!r} is no time that can be read, {at}",
        "Write times as 2024-01-02T09:30:00-05:00, or name the time column with --column ts=NAME",
    )


def _localised(naive: pl.Series, source: TimeSource, timezone: str | None) -> Times:
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
        raise _unknown_zone(timezone) from error
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
    return Times(aware.to_physical(), tuple(notes))


def _from_numbers(values: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    if not values.dtype.is_float():
        # Small integers cannot be compared with every unit's bounds.
        whole = values.cast(pl.Int64, strict=False)
        exact = whole.null_count() == 0 and bool((whole.cast(values.dtype) == values).all())
        values = whole if exact else values.cast(pl.Float64)
    first = values[0]
    # 20240102093000 is a written-out time, not a count since 1970.
    if values.dtype.is_integer() and len(str(first)) in (8, 12, 14):
        return _from_text(values.cast(pl.String), source, timezone)
    units = [
        unit
        for unit, scale in _PER_SECOND.items()
        if _FIRST_SECOND * scale <= first < _LAST_SECOND * scale
    ]
    if not units:
        raise _not_a_time(first, source, source.place(source.expression == first))
    unit, scale = units[0], _PER_SECOND[units[0]]
    inside = (values >= _FIRST_SECOND * scale) & (values < _LAST_SECOND * scale)
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
    return Times(micro, (note, *_not_used(timezone, source)))


def _from_text(text: pl.Series, source: TimeSource, timezone: str | None) -> Times:
    if re.fullmatch(r"\d{9,11}(\.\d+)?|\d{13}(\.\d+)?|\d{15,19}", text[0]):
        kind = pl.Float64 if "." in text[0] else pl.Int64
        numbers = text.cast(kind, strict=False)
        if numbers.null_count():
            raise _bad_text(text.filter(numbers.is_null())[0], source)
        return _from_numbers(numbers, source, timezone)
    named = re.fullmatch(r".*\d( +)([A-Za-z]+(?:/[A-Za-z_]+)+)", text[0])
    if named and text.str.ends_with(named[1] + named[2]).all():
        bare = text.str.strip_suffix(named[1] + named[2])
        times = _from_text(bare, source, named[2])
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
        return Times(aware, (*notes, *_not_used(timezone, source)))
    local = _localised(naive, source, timezone)
    return Times(aware.zip_with(aware.is_not_null(), local.start_us), (*notes, *local.notes))


def _bad_text(value: str, source: TimeSource) -> BadInput:
    same = source.expression.cast(pl.String) == value
    return _not_a_time(value, source, source.place(same))


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
