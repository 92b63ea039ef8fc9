"""News come into a month: as a run of their own, or merged with runs that are not much larger.

Runs are merged once the newer ones have half as many rows, so that each bar is written a few
times only; small months are one file. What is merged is read and written a stretch of symbols at
a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import polars as pl

from blocks.archive.month.days_copy import DaysCopy
from blocks.archive.month.files import TIME, scan_bars_file
from blocks.archive.month.merge import Merge, MonthCopy
from blocks.archive.month.news import News, Stored
from blocks.archive.month.openings import STATE
from blocks.archive.month.openings_copy import OpeningsCopy
from blocks.archive.month.runs import Runs, Sizes, run_number
from blocks.archive.month.writing import replacing, rows_in
from trading.errors import StoreUnavailable

_MERGED_FROM_SHARE = 0.5


class RunsWriter:
    """Stores bars in the files of a month or a day. Whoever calls it holds the archive's lock."""

    def __init__(self, runs: Runs, sizes: Sizes) -> None:
        self._runs = runs
        self._sizes = sizes

    def add(self, news: News) -> Stored:
        """Store bars; of two fetches of a bar the later one counts.

        Raises DamagedFile and StoreUnavailable; what was stored before stays.
        """
        return self._merge(len(news), (), news)

    def take_over(self, other: Runs) -> None:
        """Store the bars of other files, which are removed. Raises as `add`."""
        files = other.files
        self._merge(sum(map(rows_in, files)), files, None)
        for file in files:
            file.unlink(missing_ok=True)

    def _merge(self, rows: int, others: Sequence[Path], news: News | None) -> Stored:
        mine = self._runs.files
        merged: list[Path] = []
        for file in mine:
            there = rows_in(file)
            if there > self._sizes.small and rows < _MERGED_FROM_SHARE * there:
                break
            merged.append(file)
            rows += there
        left = mine[len(merged) :]
        target = merged[-1] if merged else self._next_file(mine)
        merge = Merge((*merged, *others), tuple(left), news)
        is_large = rows > self._sizes.at_once
        copies: list[MonthCopy] = []
        state = uuid.uuid4().hex
        if is_large and target == self._runs.base:
            copies = [OpeningsCopy(state, _first_bars(merge.sources, news)), DaysCopy(state)]
        with replacing(target, {STATE: state} if copies else None) as writer:
            bounds = merge.bounds(self._sizes.at_once) if is_large else [None, None]
            stored = merge.write(bounds, writer, copies)
        for file in merged[:-1]:
            file.unlink(missing_ok=True)
        for copy in copies:
            # Readers that find no copy read the month, and so do those that find an old one.
            with suppress(StoreUnavailable, OSError):
                copy.write(target)
        return stored

    def _next_file(self, mine: Sequence[Path]) -> Path:
        if not mine:
            return self._runs.base
        newest = run_number(mine[0], self._runs.name) or 0
        return self._runs.folder / f"{self._runs.name}.{newest + 1}.parquet"


def _first_bars(sources: Sequence[Path], news: News | None) -> Mapping[int, int]:
    """Return by UTC day, since 1970, the start of its first bar, microseconds."""
    times = [scan_bars_file(source).select("ts") for source in sources]
    if news is not None:
        start_us = news.fetched.rows.start_us[news.place]
        times.append(pl.LazyFrame({"ts": start_us}).cast(TIME))
    day = pl.col("ts").dt.date().to_physical().alias("day")
    first = pl.concat(times).group_by(day).agg(pl.col("ts").min().dt.epoch("us"))
    return dict(first.collect().iter_rows())
