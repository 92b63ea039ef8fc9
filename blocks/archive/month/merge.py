"""Files and news as one file by symbol and time, a stretch of symbols in memory at a time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from blocks.archive.month.files import newest_of_each, read_bars_file
from blocks.archive.month.news import News, Stored, compared
from blocks.archive.month.writing import BarsWriter, metadata_of


class MonthCopy(Protocol):
    """Something of a month's bars that is kept once more, collected while they are written."""

    def take(self, bars: pl.DataFrame) -> None:
        """Take a part of the month, by symbol and time."""

    def write(self, month: Path) -> None:
        """Write the copy of a month whose file is in its place. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class Merge:
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
        self, bounds: Sequence[str | None], writer: BarsWriter, copies: Sequence[MonthCopy]
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
            for copy in copies:
                copy.take(whole)
        return stored


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
