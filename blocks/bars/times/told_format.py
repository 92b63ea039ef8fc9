"""A user's own format of times, in the words of strptime."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import polars as pl

from trading.errors import BadInput

# What a year, a day and a time of day may be written with; others depend on a machine's language.
DIRECTIVES = "YymdbBaAjHIpMSfzZ%"
# How many digits a fraction may have where no dot begins it.
_FRACTIONS = ("%3f", "%6f", "%9f")
_HINT = "Write it as strptime does, such as --time-format '%d.%m.%Y %H:%M:%S'"
_SAMPLE = datetime(2024, 11, 27, 13, 46, 50, tzinfo=UTC)


def check_time_format(form: str) -> None:
    """Raise BadInput unless a format tells a day and a time of day."""
    for directive in re.findall(r"%(.?)", form):
        if directive not in DIRECTIVES or not directive:
            known = " ".join(f"%{letter}" for letter in DIRECTIVES)
            raise BadInput(
                f"time format {form!r} has %{directive}, which is none of {known}", _HINT
            )
    if "%Z" in form and not form.endswith("%Z"):
        raise BadInput(f"time format {form!r} has %Z, and not as its last", _HINT)
    try:
        read = datetime.strptime(_SAMPLE.strftime(form), form).replace(tzinfo=UTC)
    except (ValueError, re.error) as error:
        raise BadInput(f"time format {form!r} cannot be read with: {error}", _HINT) from error
    lost = [
        part
        for part in ("year", "month", "day", "hour", "minute")
        if getattr(read, part) != getattr(_SAMPLE, part)
    ]
    if lost:
        raise BadInput(f"time format {form!r} does not tell the {' and '.join(lost)}", _HINT)


def parsed(text: pl.Series, form: str) -> pl.Series:
    """Return texts read by a checked format without %Z, null where one does not fit.

    Times are UTC where the format has %z, else without a zone.
    """
    # polars reads by chrono's words: a full name's code takes the short one too.
    chrono = re.sub(
        r"\.%f|%[bazf%]",
        lambda code: {".%f": "%.f", "%b": "%B", "%a": "%A", "%z": "%#z"}.get(code[0], code[0]),
        form,
    )
    zone = "UTC" if "%#z" in chrono else None
    forms = [chrono.replace("%f", digits) for digits in _FRACTIONS] if "%f" in chrono else [chrono]
    times = pl.Series(text.name, dtype=pl.Datetime("us", zone)).clear(len(text))
    for one in forms:
        read = text.str.to_datetime(one, time_unit="us", time_zone=zone, strict=False)
        times = times.zip_with(times.is_not_null(), read)
        if not times.null_count():
            break
    return times
