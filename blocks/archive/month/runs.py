"""A month's bars as runs: a large file by symbol and time, and smaller ones of what came later.

A piece of a fetch does not rewrite a month of ten million bars, it becomes a run of its own. A
reader takes the newest run first: what is merged meanwhile stands in an older file before its own
is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from blocks.archive.month.files import read_bars_file
from blocks.archive.month.openings import read_openings
from blocks.providers.fetched_bars import DAY_MINUTES
from trading.market.calendar import to_microseconds

_NAME = re.compile(r"(\d{4}-\d{2}(?:-\d{2})?)(?:\.(\d+))?\.parquet")

_LENGTH = re.compile(r"(\d+)m")
_DAILY = "1d"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of rows: up to `small` are always in one file, `at_once` are merged in memory.

    A month of more rows than `at_once` has a copy of its openings.
    """

    small: int = 200_000
    at_once: int = 500_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bars are read: those that start in [start, end), of some symbols or of all (None)."""

    symbols: tuple[str, ...] | None
    start: datetime
    end: datetime

    @property
    def condition(self) -> pl.Expr:
        """Return the condition on a row."""
        inside = (pl.col("ts") >= self.start) & (pl.col("ts") < self.end)
        if self.symbols is None:
            return inside
        return inside & pl.col("symbol").is_in(list(self.symbols))


@dataclass(frozen=True, slots=True)
class Runs:
    """The files of a month, `YYYY-MM`, or of a day that is not yet in its month, `YYYY-MM-DD`."""

    folder: Path
    name: str

    @property
    def base(self) -> Path:
        """Return the oldest and largest file."""
        return self.folder / f"{self.name}.parquet"

    @property
    def files(self) -> list[Path]:
        """Return the files that are there, the newest first."""
        found = {
            number: file
            for file in self.folder.glob(f"{self.name}*.parquet")
            if (number := run_number(file, self.name)) is not None
        }
        return [found[number] for number in sorted(found, reverse=True)]

    def read(self, wanted: Wanted) -> Iterator[pl.DataFrame]:
        """Yield the bars of each file; a bar may be in several. Raises DamagedFile."""
        for file in self.files:
            yield self.read_file(file, wanted)

    def read_file(self, file: Path, wanted: Wanted) -> pl.DataFrame:
        """Return the bars of one of the files, or of its openings. Raises DamagedFile."""
        if file == self.base:
            span = to_microseconds(wanted.start), to_microseconds(wanted.end)
            openings = read_openings(file, *span, wanted.condition)
            if openings is not None:
                return openings
        return read_bars_file(file, wanted.condition)


def folder_name(interval_minutes: int) -> str:
    """Return what the folder of bars of one length is called."""
    return _DAILY if interval_minutes == DAY_MINUTES else f"{interval_minutes}m"


def folder_minutes(name: str) -> int | None:
    """Return of what length the bars of a folder are, None for any other name."""
    if name == _DAILY:
        return DAY_MINUTES
    found = _LENGTH.fullmatch(name)
    return int(found[1]) if found else None


def run_number(file: Path, name: str) -> int | None:
    """Return which run of a month or day a file is, the base being 0; None when it is none."""
    found = _NAME.fullmatch(file.name)
    return int(found[2] or 0) if found is not None and found[1] == name else None


def file_name(file: Path) -> str | None:
    """Return the month or day that a file of the archive is of, None for any other file."""
    found = _NAME.fullmatch(file.name)
    return found[1] if found is not None else None


def run_names(folder: Path) -> list[str]:
    """Return the months and days that have a file, in order."""
    found = {file_name(file) for file in folder.glob("*.parquet")}
    return sorted(name for name in found if name is not None)
