"""The first hour of each day of a large month once more, by time: what all symbols did then.

A month is ordered by symbol, so that the opening of every symbol on one day lies in every corner
of it. The copy beside it is found by the name that the month carries; a copy of another state of
the month counts for nothing, and whoever finds none reads the month.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from blocks.archive.files import (
    DamagedFile,
    metadata_of,
    no_stored_bars,
    read_bars_file,
    replacing,
)
from trading.market.calendar import MICROSECONDS_PER_MINUTE

OPENING_US = 60 * MICROSECONDS_PER_MINUTE
_FOLDER = "_openings"
_STATE = "openbell.state"
_SPANS = "openbell.spans"
# The words of a file's end stand at its very end.
_TAIL_BYTES = 65_536


class Openings:
    """Collects the copy of a month while the month is written.

    `first_us` is by UTC day the start of its first bar, microseconds since 1970.
    """

    def __init__(self, first_us: Mapping[int, int]) -> None:
        self.state = uuid.uuid4().hex
        self._spans = sorted((first, first + OPENING_US) for first in first_us.values())
        self._first = pl.DataFrame(
            {"day": list(first_us), "first_us": list(first_us.values())},
            schema={"day": pl.Int32, "first_us": pl.Int64},
        )
        self._parts: list[pl.DataFrame] = []

    @property
    def words(self) -> dict[str, str]:
        """Return what the month's file has to carry."""
        return {_STATE: self.state}

    def take(self, bars: pl.DataFrame) -> None:
        """Keep those bars of a part of the month that belong into the copy."""
        day = pl.col("ts").dt.date().to_physical().alias("day")
        marked = bars.with_columns(day).join(self._first, on="day", maintain_order="left")
        early = pl.col("ts").dt.epoch("us") < pl.col("first_us") + OPENING_US
        self._parts.append(marked.filter(early).drop("day", "first_us"))

    def write(self, month: Path) -> None:
        """Write the copy of a month whose file is in its place. Raises StoreUnavailable."""
        frame = pl.concat([no_stored_bars(), *self._parts])
        frame = frame.sort("ts", "symbol", "feed")
        file = _copy_of(month)
        file.parent.mkdir(exist_ok=True)
        with replacing(file, {_STATE: self.state, _SPANS: json.dumps(self._spans)}) as writer:
            writer.write(frame)


def read_openings(month: Path, start_us: int, end_us: int, wanted: pl.Expr) -> pl.DataFrame | None:
    """Return a month's bars that a condition holds for, all in [start_us, end_us), from its copy.

    None when there is no copy of the month as it is, or none that covers these times.
    """
    copy = _copy_of(month)
    try:
        words = metadata_of(copy).metadata or {}
        spans = json.loads(words.get(_SPANS.encode(), b"[]"))
        if not any(first <= start_us and end_us <= last for first, last in spans):
            return None
        state = words[_STATE.encode()]
        with month.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            if state not in file.read():
                return None
        return read_bars_file(copy, wanted)
    except (DamagedFile, OSError, ValueError, KeyError, TypeError):
        return None


def _copy_of(month: Path) -> Path:
    return month.parent / _FOLDER / month.name
