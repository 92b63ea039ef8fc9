"""The archive of bars: Parquet by interval and month, today's in a file of its own.

Every bar keeps its source and its time of fetch. Readers never see a torn file.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from blocks.archive.files import (
    DamagedFile,
    frame_of,
    no_stored_bars,
    not_written,
    read_bars_file,
    rows_of,
    write_bars_file,
)
from blocks.archive.splits import SplitFile
from blocks.providers.fetched_bars import FetchedBars
from trading.market.bars import NUMBERS, BarRows
from trading.prices import r4_array
from trading.session.ports import Clock

KEY = ["symbol", "ts"]
_MONTH = re.compile(r"(\d{4}-\d{2})(-\d{2})?")


@dataclass(frozen=True, slots=True)
class Stored:
    """What an upsert did, as counts of bars; `revised` ones had other values before."""

    added: int = 0
    revised: int = 0
    unchanged: int = 0

    def __add__(self, other: Stored) -> Stored:
        return Stored(
            self.added + other.added,
            self.revised + other.revised,
            self.unchanged + other.unchanged,
        )


class BarArchive:
    """The bars of one length under `<data_dir>/bars/<minutes>m`."""

    def __init__(self, data_dir: Path, interval_minutes: int, clock: Clock) -> None:
        self.interval_minutes = interval_minutes
        self.folder = data_dir / "bars" / f"{interval_minutes}m"
        self._clock = clock
        self._splits = SplitFile(data_dir / "bars" / "splits.json")

    def upsert(self, fetched: FetchedBars) -> Stored:
        """Store bars; of two fetches of a bar the later one counts.

        Raises DamagedFile when a file that would change cannot be read, StoreUnavailable when
        one cannot be written. What was written before stays whole.
        """
        stored = Stored()
        with self._locked():
            self._splits.add(fetched.splits)
            today = self._clock.now().astimezone(UTC).strftime("%Y-%m-%d")
            for day in self._past_days(today):
                self._fold(day)
            frame = frame_of(fetched)
            stamp = pl.col("ts").dt.strftime("%Y-%m-%d")
            name = pl.when(stamp == today).then(stamp).otherwise(pl.col("ts").dt.strftime("%Y-%m"))
            parts = frame.with_columns(name.alias("file")).partition_by("file", as_dict=True)
            for (file,), part in sorted(parts.items()):
                stored += self._merge(self.folder / f"{file}.parquet", part.drop("file"))
        return stored

    def frame(self, symbols: Sequence[str] | None, start: datetime, end: datetime) -> pl.DataFrame:
        """Return the bars that start in [start, end), adjusted for splits, by symbol and time.

        Columns are those of `bar_archive_files.SCHEMA`. Raises DamagedFile when a file that
        covers the range cannot be read; files outside the range are not touched.
        """
        inside = _wanted(symbols, start, end)
        frames = [read_bars_file(file, inside) for file in self._files(start, end)]
        return self._as_one(frames)

    def readable(
        self, symbols: Sequence[str] | None, start: datetime, end: datetime
    ) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """Return what `frame` does, of the files that can be read, and a line for each other."""
        inside = _wanted(symbols, start, end)
        frames, damaged = [], []
        for file in self._files(start, end):
            try:
                frames.append(read_bars_file(file, inside))
            except DamagedFile as error:
                damaged.append(str(error))
        return self._as_one(frames), tuple(damaged)

    def rows(self, symbols: Sequence[str], start: datetime, end: datetime) -> BarRows:
        """Return the bars that start in [start, end), by time and symbol. Raises as `frame`."""
        return rows_of(self.frame(symbols, start, end), symbols, self.interval_minutes)

    def _as_one(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        if not frames:
            return no_stored_bars()
        # A day's file and its month may both hold a bar when folding was interrupted.
        whole = pl.concat(frames).sort([*KEY, "fetched_at"], maintain_order=True)
        return self._splits.adjust(whole.unique(KEY, keep="last", maintain_order=True))

    def _files(self, start: datetime, end: datetime) -> list[Path]:
        first, last = start.astimezone(UTC), end.astimezone(UTC)
        months = (first.strftime("%Y-%m"), last.strftime("%Y-%m"))
        days = (first.strftime("%Y-%m-%d"), last.strftime("%Y-%m-%d"))
        found = []
        # A day's name sorts before its month's, so a day that is folded meanwhile is not lost.
        for file in sorted(self.folder.glob("*.parquet")):
            name = _MONTH.fullmatch(file.stem)
            if name is None:
                continue
            low, high = days if name[2] else months
            if low <= file.stem <= high:
                found.append(file)
        return found

    def _past_days(self, today: str) -> list[Path]:
        return [
            file
            for file in sorted(self.folder.glob("*.parquet"))
            if (name := _MONTH.fullmatch(file.stem)) and name[2] and file.stem < today
        ]

    def _fold(self, day: Path) -> None:
        """Move a past day's bars into their month."""
        self._merge(day.with_stem(day.stem[:7]), read_bars_file(day, pl.lit(True)))
        day.unlink()

    def _merge(self, file: Path, news: pl.DataFrame) -> Stored:
        old = read_bars_file(file, pl.lit(True)) if file.exists() else no_stored_bars()
        news = news.sort([*KEY, "fetched_at"], maintain_order=True)
        news = news.unique(KEY, keep="last", maintain_order=True)
        before = news.select(KEY).join(old, on=KEY, how="left", maintain_order="left")
        known = before["fetched_at"].is_not_null().to_numpy()
        later = ~known | (news["fetched_at"] >= before["fetched_at"]).fill_null(True).to_numpy()
        differs = np.zeros(len(news), dtype=np.bool_)
        for name in NUMBERS:
            # Rounded as the engine does: a provider's float noise is no revision.
            differs |= r4_array(news[name].to_numpy()) != r4_array(before[name].to_numpy())
        revised = known & differs & later
        counts = before["revisions"].fill_null(0).to_numpy() + revised
        news = news.with_columns(pl.Series("revisions", counts, dtype=pl.Int32)).filter(later)
        whole = pl.concat([old.join(news, on=KEY, how="anti"), news]).sort(KEY)
        write_bars_file(whole, file)
        unchanged = int((known & ~revised).sum())
        return Stored(int((~known).sum()), int(revised.sum()), unchanged)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # One lock for all lengths of bars: they share the file of splits.
            lock = self.folder.parent / ".lock"
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise not_written(self.folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _wanted(symbols: Sequence[str] | None, start: datetime, end: datetime) -> pl.Expr:
    inside = (pl.col("ts") >= start) & (pl.col("ts") < end)
    return inside if symbols is None else inside & pl.col("symbol").is_in(list(symbols))
