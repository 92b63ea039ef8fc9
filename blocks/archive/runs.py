"""A month's bars as runs: a large file by symbol and time, and smaller ones of what came later.

A piece of a fetch does not rewrite a month of ten million bars. It becomes a run of its own, and
runs are merged once the newer ones have half as many rows, so that each bar is written a few
times only. Small months are one file. A reader takes the newest run first: what is merged
meanwhile stands in an older file before its own is gone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from blocks.archive.files import (
    BarsWriter,
    metadata_of,
    newest_of_each,
    no_stored_bars,
    read_bars_file,
    replacing,
    scan_bars_file,
)
from blocks.archive.news import News, Stored, compared
from blocks.archive.openings import Openings, read_openings
from trading.errors import StoreUnavailable
from trading.market.calendar import to_microseconds

_NAME = re.compile(r"(\d{4}-\d{2}(?:-\d{2})?)(?:\.(\d+))?\.parquet")
_MERGED_FROM_SHARE = 0.5


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
    sizes: Sizes = field(default_factory=Sizes)

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

    def add(self, news: News) -> Stored:
        """Store bars; of two fetches of a bar the later one counts.

        Raises DamagedFile and StoreUnavailable; what was stored before stays.
        """
        return self._merge(len(news), (), news)

    def take_over(self, other: Runs) -> None:
        """Store the bars of other files, which are removed. Raises as `add`."""
        files = other.files
        self._merge(sum(metadata_of(file).num_rows for file in files), files, None)
        for file in files:
            file.unlink(missing_ok=True)

    def _merge(self, rows: int, others: Sequence[Path], news: News | None) -> Stored:
        mine = self.files
        merged: list[Path] = []
        for file in mine:
            there = metadata_of(file).num_rows
            if there > self.sizes.small and rows < _MERGED_FROM_SHARE * there:
                break
            merged.append(file)
            rows += there
        left = mine[len(merged) :]
        target = merged[-1] if merged else self._next_file(mine)
        merge = _Merge((*merged, *others), tuple(left), news)
        is_large = rows > self.sizes.at_once
        openings = None
        if is_large and target == self.base:
            openings = Openings(_first_bars(merge.sources, news))
        with replacing(target, openings.words if openings else None) as writer:
            bounds = merge.bounds(self.sizes.at_once) if is_large else [None, None]
            stored = merge.write(bounds, writer, openings)
        for file in merged[:-1]:
            file.unlink(missing_ok=True)
        if openings is not None:
            # Readers that find no copy read the month, and so do those that find an old one.
            with suppress(StoreUnavailable, OSError):
                openings.write(target)
        return stored

    def _next_file(self, mine: Sequence[Path]) -> Path:
        if not mine:
            return self.base
        newest = run_number(mine[0], self.name) or 0
        return self.folder / f"{self.name}.{newest + 1}.parquet"


@dataclass(frozen=True, slots=True)
class _Merge:
    """Files that become one with the news, and files that stay, which the news are held against."""

    sources: tuple[Path, ...]
    left: tuple[Path, ...]
    news: News | None

    def bounds(self, at_once: int) -> list[str | None]:
        """Return symbols that part all rows into stretches of about so many, None at both ends."""
        ends: list[tuple[str, int]] = []
        for source in self.sources:
            found = metadata_of(source)
            column = found.schema.names.index("symbol")
            for number in range(found.num_row_groups):
                group = found.row_group(number)
                bound = group.column(column).statistics
                if bound is not None and bound.has_min_max:
                    ends.append((bound.max, group.num_rows))
        if self.news is not None:
            before = 0
            for name, end in zip(self.news.names, self.news.ends.tolist(), strict=True):
                ends.append((name, end - before))
                before = end
        parted: list[str | None] = [None]
        rows = 0
        for name, count in sorted(ends):
            rows += count
            if rows >= at_once and name != parted[-1]:
                parted.append(name)
                rows = 0
        return [*parted, None]

    def write(
        self, bounds: Sequence[str | None], writer: BarsWriter, openings: Openings | None
    ) -> Stored:
        """Write all bars, a stretch of symbols at a time; return what the news were."""
        stored = Stored()
        for after, until in itertools.pairwise(bounds):
            stretch = _stretch(after, until)
            frames = [read_bars_file(source, stretch) for source in self.sources]
            if self.news is not None:
                news = self.news.frame(after, until)
                if len(news):
                    near = stretch & _near(news)
                    old = [read_bars_file(file, near) for file in self.left]
                    news, counts = compared(news, newest_of_each([*old, *frames]))
                    stored += counts
                    frames.append(news)
            whole = newest_of_each(frames)
            writer.write(whole)
            if openings is not None:
                openings.take(whole)
        return stored


def run_number(file: Path, name: str) -> int | None:
    """Return which run of a month or day a file is, the base being 0; None when it is none."""
    found = _NAME.fullmatch(file.name)
    return int(found[2] or 0) if found is not None and found[1] == name else None


def run_names(folder: Path) -> list[str]:
    """Return the months and days that have a file, in order."""
    found = (_NAME.fullmatch(file.name) for file in folder.glob("*.parquet"))
    return sorted({name[1] for name in found if name is not None})


def _stretch(after: str | None, until: str | None) -> pl.Expr:
    symbol, condition = pl.col("symbol"), pl.lit(value=True)
    if after is not None:
        condition &= symbol > after
    if until is not None:
        condition &= symbol <= until
    return condition


def _near(news: pl.DataFrame) -> pl.Expr:
    """Return a condition that holds for all rows which have a key of the news, and few others."""
    low, high = news["ts"].min(), news["ts"].max()
    symbols = news["symbol"].unique().to_list()
    return pl.col("symbol").is_in(symbols) & pl.col("ts").is_between(pl.lit(low), pl.lit(high))


def _first_bars(sources: Sequence[Path], news: News | None) -> dict[int, int]:
    """Return by UTC day, since 1970, the start of its first bar, microseconds."""
    times = [scan_bars_file(source).select("ts") for source in sources]
    if news is not None:
        start_us = news.fetched.rows.start_us[news.place]
        times.append(pl.LazyFrame({"ts": start_us}).cast(no_stored_bars().schema["ts"]))
    day = pl.col("ts").dt.date().to_physical().alias("day")
    first = pl.concat(times).group_by(day).agg(pl.col("ts").min().dt.epoch("us"))
    return dict(first.collect().iter_rows())
