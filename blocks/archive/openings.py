"""The first hour of each day of a large month once more, by time: what all symbols did then.

A month is ordered by symbol, so that the opening of every symbol on one day lies in every corner
of it. The copy beside it is found by the name that the month carries; a copy of another state of
the month counts for nothing, and whoever finds none reads the month.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl

from blocks.archive.files import DamagedFile, read_bars_file

STATE = "openbell.state"
SPANS = "openbell.spans"
_FOLDER = "_openings"
# The words of a file's end stand at its very end.
_TAIL_BYTES = 65_536


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
        state = words[STATE].encode()
        with month.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            if state not in file.read():
                return None
        return read_bars_file(copy, wanted)
    except (DamagedFile, pl.exceptions.PolarsError, OSError, ValueError, KeyError, TypeError):
        return None


def copy_of(month: Path) -> Path:
    """Return where the copy of a month's openings is."""
    return month.parent / _FOLDER / month.name
