"""The first hour of each day of a large month once more, by time: what all symbols did then.

A month is ordered by symbol, so that the opening of every symbol on one day lies in every corner
of it. The copy beside it is found by the name that the month carries; a copy of another state of
the month counts for nothing, and whoever finds none reads the month.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from blocks.archive.month.files import DamagedFile, read_bars_file
from trading.market.bars import NUMBERS

STATE = "openbell.state"
SPANS = "openbell.spans"
_FOLDER = "_openings"
# The words of a file's end stand at its very end.
_TAIL_BYTES = 65_536
_DAY_US = 86_400_000_000


def read_openings(month: Path, start_us: int, end_us: int, wanted: pl.Expr) -> pl.DataFrame | None:
    """Return a month's bars that a condition holds for, all in [start_us, end_us), from its copy.

    None when there is no copy of the month as it is, or none that covers these times.
    """
    copy = copy_of(month)
    try:
        words = pl.read_parquet_metadata(copy)
        spans = json.loads(words[SPANS])
        if not any(first <= start_us and end_us <= last for first, last in spans):
            return None
        return read_bars_file(copy, wanted) if is_of_month(words[STATE], month) else None
    except (DamagedFile, pl.exceptions.PolarsError, OSError, ValueError, KeyError, TypeError):
        return None


def read_openings_of(month: Path, spans: Sequence[tuple[int, int]]) -> pl.DataFrame | None:
    """Return a month's bars in some spans of time, from its copy; None as above.

    Columns are those that an opening is judged by.
    """
    copy = copy_of(month)
    try:
        words = pl.read_parquet_metadata(copy)
        # A day's bars begin with the first that any symbol has.
        until = {first // _DAY_US: last for first, last in json.loads(words[SPANS])}
        if any(end_us > until.get(start_us // _DAY_US, end_us) for start_us, end_us in spans):
            return None
        if not is_of_month(words[STATE], month):
            return None
        us = pl.col("ts").dt.epoch("us")
        wanted = pl.any_horizontal(us.is_between(a, b, closed="left") for a, b in spans)
        columns = ("symbol", "ts", "feed", *NUMBERS)
        return pl.scan_parquet(copy, glob=False).select(columns).filter(wanted).collect()
    except (pl.exceptions.PolarsError, OSError, ValueError, KeyError, TypeError):
        return None


def is_of_month(state: str, month: Path) -> bool:
    """Return whether a copy's state is the one that its month has now. Raises OSError."""
    with month.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return state.encode() in file.read()


def copy_of(month: Path) -> Path:
    """Return where the copy of a month's openings is."""
    return month.parent / _FOLDER / month.name
