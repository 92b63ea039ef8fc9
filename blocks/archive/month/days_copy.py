"""The copy of what a month's days come to, made while the month is written."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from blocks.archive.month.days import DAYS_SCHEMA, days_copy_of, days_of
from blocks.archive.month.files import not_written
from blocks.archive.month.openings import STATE


class DaysCopy:
    """Collects the copy of a month while the month is written; `state` names it as it is then."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._parts: list[pl.DataFrame] = []

    def take(self, bars: pl.DataFrame) -> None:
        """Keep what a part of the month comes to, which has all bars of its symbols."""
        self._parts.append(days_of(bars))

    def write(self, month: Path) -> None:
        """Write the copy of a month whose file is in its place. Raises StoreUnavailable."""
        frame = pl.concat([pl.DataFrame(schema=DAYS_SCHEMA), *self._parts])
        file = days_copy_of(month)
        partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
        try:
            file.parent.mkdir(exist_ok=True)
            # It is never the only place of anything, and may be lost in a crash.
            frame.write_parquet(partial, metadata={STATE: self._state})
            os.replace(partial, file)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise not_written(file, error) from error
        finally:
            partial.unlink(missing_ok=True)
