"""The copy of a month's openings, made while the month is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from blocks.archive.month.files import no_stored_bars
from blocks.archive.month.openings import SPANS, STATE, copy_of
from blocks.archive.month.writing import replacing
from trading.market.calendar import MICROSECONDS_PER_MINUTE

OPENING_US = 60 * MICROSECONDS_PER_MINUTE


class OpeningsCopy:
    """Collects the copy of a month while the month is written.

    `state` names the month as it is then; `first_us` is by UTC day the start of its first bar,
    microseconds since 1970.
    """

    def __init__(self, state: str, first_us: Mapping[int, int]) -> None:
        self._state = state
        self._spans = sorted((first, first + OPENING_US) for first in first_us.values())
        self._first = pl.DataFrame(
            {"day": list(first_us), "first_us": list(first_us.values())},
            schema={"day": pl.Int32, "first_us": pl.Int64},
        )
        self._parts: list[pl.DataFrame] = []

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
        file = copy_of(month)
        file.parent.mkdir(exist_ok=True)
        with replacing(file, {STATE: self._state, SPANS: json.dumps(self._spans)}) as writer:
            writer.write(frame)
