"""Times that are written as text, in the forms that files have or in the one that is told."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from blocks.bars.columns import TWO_COLUMNS
from blocks.bars.times.dates import DateDecision, agreed, date_readings, first_odd_date
from blocks.bars.times.forms import Form, form_of, matched
from blocks.bars.times.halves import plainly_written
from blocks.bars.times.likely_format import format_hint
from blocks.bars.times.told_format import parsed
from blocks.bars.times.values import (
    Times,
    TimeSource,
    TimeWriting,
    localised,
    not_used,
    unreadable_text,
)
from blocks.bars.times.zone_letters import clock_of, minutes_of
from trading.errors import BadInput

_MINUTE_US = 60_000_000
# Eight digits that are no date of a century of ours.
_COUNT = re.compile(r"(?!(?:19|20)\d{2})\d{8}")
_LETTERS = r"\(?([A-Za-z]{2,5})\)?$"


class _Read(NamedTuple):
    """Local times and UTC microseconds, of each row one, and what was guessed."""

    naive: pl.Series
    aware: pl.Series
    notes: tuple[str, ...]


def from_text(text: pl.Series, source: TimeSource, writing: TimeWriting) -> Times:
    """Return times that are text, each in one of the forms that files have. Raises BadInput."""
    text, source = plainly_written(text, source)
    first = str(text[0])
    if first.endswith("]") and (bracket := re.search(r"\[[A-Za-z_/]+\]$", first)):
        # Java's word of a zone behind an offset, which alone counts.
        text = text.str.strip_suffix(bracket[0])
        first = str(text[0])
    named = re.fullmatch(r".*\d( +)([A-Za-z]+(?:/[A-Za-z_]+)+)", first)
    if named and text.str.ends_with(named[1] + named[2]).all():
        return _in_named_zone(text.str.strip_suffix(named[1] + named[2]), named[2], source, writing)
    ends = (matched(first), matched(str(text[-1])))
    if any(match and match["letters"] for match in ends):
        return _from_letters(text, source, writing)
    return _placed(_read(text, source, writing), source, writing)


def from_told_format(text: pl.Series, source: TimeSource, writing: TimeWriting) -> Times:
    """Return times that are written as the user says, and in no other way. Raises BadInput."""
    form = str(writing.time_format)
    if form.endswith("%Z"):
        return _from_letters(text, source, writing)
    return _placed(_read(text, source, writing, form), source, writing)


def _placed(read: _Read, source: TimeSource, writing: TimeWriting) -> Times:
    """Return times of which some have a zone, and the others that of the writing."""
    if read.naive.null_count() == len(read.naive):
        notes = (*read.notes, *not_used(writing.timezone, source))
        return Times(read.aware, notes)
    local = localised(read.naive, source, writing.timezone)
    start_us = read.aware.zip_with(read.aware.is_not_null(), local.start_us)
    zone = local.zone if read.aware.null_count() == len(read.aware) else None
    return Times(start_us, (*read.notes, *local.notes), zone)


def _in_named_zone(text: pl.Series, zone: str, source: TimeSource, writing: TimeWriting) -> Times:
    read = _read(text, source, writing)
    local = localised(read.naive, source, zone)
    start_us = read.aware.zip_with(read.aware.is_not_null(), local.start_us)
    note = f"times in column {source.name!r} are read in the zone that they name: {zone}"
    return Times(start_us, (note, *read.notes, *local.notes), zone)


def _from_letters(text: pl.Series, source: TimeSource, writing: TimeWriting) -> Times:
    """Return times behind which stands an abbreviation of a zone, each read by its own."""
    letters = text.str.extract(_LETTERS).str.to_uppercase()
    letters = letters.replace({"AM": None, "PM": None})
    bare = text.str.replace(rf"\s*{_LETTERS}", "").zip_with(letters.is_not_null(), text)
    kinds = letters.drop_nulls().unique(maintain_order=True).to_list()
    clock = clock_of(kinds[0]) if len(kinds) == 1 and not letters.null_count() else None
    form = writing.time_format
    read = _read(bare, source, writing, None if form is None else form.removesuffix("%Z").rstrip())
    if clock is not None:
        local = localised(read.naive, source, clock)
        note = f"times in column {source.name!r} are read in the zone that they name: {clock}"
        return Times(local.start_us, (note, *read.notes, *local.notes), clock)
    aware = read.aware
    naive_us = read.naive.to_physical()
    years = read.naive.dt.year()
    for kind in kinds:
        mine = letters == kind
        year = years.filter(mine)[0]
        at = source.place(source.expression.cast(pl.String).str.to_uppercase().str.contains(kind))
        minutes = minutes_of(kind, writing.timezone, year or 2000, at)
        if minutes is None:
            letters = letters.replace({kind: None})
            continue
        aware = (naive_us - minutes * _MINUTE_US).zip_with(mine & naive_us.is_not_null(), aware)
    used = letters.drop_nulls().unique(maintain_order=True).to_list()
    unused = ", ".join(kind for kind in kinds if kind not in used)
    notes = read.notes
    if used:
        zones = ", ".join(used)
        notes += (f"times in column {source.name!r} are read in the zones behind them: {zones}",)
    if unused:
        notes += (f"{unused} behind times in column {source.name!r} is passed over",)
    none = read.naive.clear(len(read.naive))
    naive = none.zip_with(letters.is_not_null(), read.naive)
    return _placed(_Read(naive, aware, notes), source, writing)


def _read(
    text: pl.Series, source: TimeSource, writing: TimeWriting, told: str | None = None
) -> _Read:
    naive = pl.Series(text.name, dtype=pl.Datetime("us")).clear(len(text))
    aware = naive.cast(pl.Int64)
    if told is not None:
        times = parsed(text, told)
        missing = text.filter(times.is_null())
        if len(missing):
            raise _not_as_told(missing[0], told, source)
        if "%z" in told:
            return _Read(naive, times.to_physical(), ())
        return _Read(times, aware, ())
    dates: DateDecision | None = None
    notes: tuple[str, ...] = ()
    tried: set[str] = set()
    # One format reads most files in one pass; each further pass reads what is left of a mixture.
    while (left := text.filter(naive.is_null() & aware.is_null())).len():
        match = _match(left[0], source)
        if match["numeric"] and dates is None:
            dates = _decided(text, source, writing)
            form = form_of(match, dates.order)
            notes = (_date_note(match["numeric"], dates, form),)
        else:
            form = form_of(match, None if dates is None else dates.order)
        if form.text in tried:
            raise unreadable_text(left[0], source)
        tried.add(form.text)
        if form.has_zone:
            times = text.str.to_datetime(form.text, time_unit="us", time_zone="UTC", strict=False)
            aware = aware.zip_with(aware.is_not_null(), times.to_physical())
        else:
            times = text.str.to_datetime(form.text, time_unit="us", strict=False)
            naive = naive.zip_with(naive.is_not_null(), times)
    return _Read(naive, aware, notes)


def _match(value: str, source: TimeSource) -> re.Match[str]:
    match = matched(value)
    if match is None or match["letters"] or _COUNT.fullmatch(value):
        raise unreadable_text(value, source)
    if match["time"] is None:
        raise BadInput(
            f"{value!r} in column {source.name!r} is a date without a time of day,"
            f" {source.place(source.expression.cast(pl.String) == value)}",
            f"Use intraday bars, or name the column of the time of day too: {TWO_COLUMNS}",
        )
    return match


def _decided(text: pl.Series, source: TimeSource, writing: TimeWriting) -> DateDecision:
    if writing.dates is not None:
        return writing.dates
    readings = date_readings(text)
    if readings and (dates := agreed([readings])) is not None:
        return dates
    order, odd = first_odd_date(text)
    begins = source.expression.cast(pl.String).str.starts_with(odd)
    raise BadInput(
        f"{odd!r} in column {source.name!r} is no date as {order}, as others are,"
        f" {source.place(begins)}",
        "Correct the date, or write all in one order, best as 2024-01-31",
    )


def _date_note(shown: str, dates: DateDecision, form: Form) -> str:
    if not dates.others:
        return f"dates such as {shown} are read as {dates.order}"
    others = " or ".join(dates.others)
    told = form.text.replace("%.f", ".%f").replace("%#z", "%z").replace("%A", "%a")
    return (
        f"WARNING: dates such as {shown} are read as {dates.order}, and could be {others}: neither"
        f" digits nor the calendar tell. Say --time-format {told!r}, or its other order"
    )


def _not_as_told(value: str, form: str, source: TimeSource) -> BadInput:
    begins = source.expression.cast(pl.String).str.starts_with(value)
    known = matched(value)
    if known is not None and known["time"] is not None:
        hint = "Leave --time-format out: times that are written so are known"
    else:
        hint = f"Correct the format, {format_hint(value)}"
    return BadInput(
        f"{value!r} in column {source.name!r} is not written as --time-format {form!r} says,"
        f" {source.place(begins)}",
        hint,
    )
