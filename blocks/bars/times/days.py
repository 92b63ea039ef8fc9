"""Dates of daily bars, which may have a time of day beside them, as the exchange has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from blocks.bars.times.forms import matched
from blocks.bars.times.numbers import is_written_out, whole_numbers
from blocks.bars.times.values import Times, TimeSource, TimeWriting
from trading.errors import BadInput

_DAY_US = 86_400_000_000
_MIDNIGHT = " 00:00"
_Read = Callable[[pl.Series, TimeSource, TimeWriting], Times]


def to_local(values: pl.Series, source: TimeSource, writing: TimeWriting, read: _Read) -> Times:
    """Return dates as microseconds from 1970 to their midnight, or to a time of day beside it.

    Times are those of the exchange's own clock: what carries a zone is shown by it, unless all
    are midnights in UTC. `read` is for times of day. Raises BadInput for what is no date.
    """
    if isinstance(values.dtype, pl.Date):
        return Times(values.cast(pl.Datetime("us")).to_physical(), ())
    if values.dtype.is_numeric() and is_written_out(whole_numbers(values)):
        values = whole_numbers(values).cast(pl.String)
    if isinstance(values.dtype, pl.String):
        bare = [one for one in values.unique().to_list() if _is_date_alone(one)]
        filled = [one + _MIDNIGHT for one in bare]
        values = values.replace(bare, filled)
        expression = source.expression.cast(pl.String).replace(bare, filled)
        source = replace(source, expression=expression)
    # Times without a zone are read as they stand.
    plain = replace(writing, timezone="UTC", exchange_zone=None)
    try:
        times = read(values, source, plain)
    except BadInput as error:
        what = error.what.replace(f"{_MIDNIGHT}'", "'")
        raise BadInput(what, "Write dates as 2024-01-31") from error
    stamps = times.start_us
    if times.zone is None:
        stamps = on_clock_of(str(writing.exchange_zone), stamps)
    return Times(stamps, _notes(source, writing))


def on_clock_of(exchange_zone: str, start_us: pl.Series) -> pl.Series:
    """Return moments of daily bars as a zone's clock shows them, midnights in UTC as they are."""
    if bool((start_us % _DAY_US == 0).all()):
        return start_us
    local = start_us.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(exchange_zone)
    return local.dt.replace_time_zone(None).to_physical()


def _is_date_alone(text: str) -> bool:
    match = matched(text)
    return match is not None and match["time"] is None and not match["letters"]


def _notes(source: TimeSource, writing: TimeWriting) -> tuple[str, ...]:
    if writing.dates is None or not writing.dates.others:
        return ()
    return (
        f"WARNING: dates in column {source.name!r} are read as {writing.dates.order}, and could be"
        f" {' or '.join(writing.dates.others)}: neither digits nor the calendar tell. Write them"
        " as 2024-01-31",
    )
