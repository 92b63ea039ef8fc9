"""The archive of bars: Parquet by interval and month, today's in a file of its own.

Every bar keeps its feed, its source and its time of fetch. Readers never see a torn file, and get
the bars of one feed for each symbol.
"""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from blocks.archive.feeds import PREFERRED, FeedChoice, one_feed_each
from blocks.archive.files import DamagedFile, newest_of_each, not_written, rows_of
from blocks.archive.news import Stored, news_by_file
from blocks.archive.runs import Runs, Sizes, Wanted, run_names
from blocks.archive.splits import SplitFile
from blocks.providers.fetched_bars import FetchedBars
from trading.market.bars import BarRows
from trading.session.ports import Clock

_DAY = len("YYYY-MM-DD")


class BarArchive:
    """The bars of one length under `<data_dir>/bars/<minutes>m`.

    `preferred` says whose bars are read of a symbol that has several feeds.
    """

    def __init__(
        self,
        data_dir: Path,
        interval_minutes: int,
        clock: Clock,
        *,
        preferred: Sequence[str] = PREFERRED,
        sizes: Sizes | None = None,
    ) -> None:
        self.interval_minutes = interval_minutes
        self.folder = data_dir / "bars" / f"{interval_minutes}m"
        self._clock = clock
        self._preferred = tuple(preferred)
        self._sizes = sizes or Sizes()
        self._splits = SplitFile(data_dir / "bars" / "splits.json")

    def upsert(self, fetched: FetchedBars) -> Stored:
        """Store bars; of two fetches of a bar of one feed the later one counts.

        Raises DamagedFile when a file that would change cannot be read, StoreUnavailable when
        one cannot be written. What was written before stays whole.
        """
        stored = Stored()
        with self._locked():
            self._splits.add(fetched.splits)
            today = self._clock.now().astimezone(UTC).strftime("%Y-%m-%d")
            for name in run_names(self.folder):
                if len(name) == _DAY and name < today:
                    self._fold(name)
            for name, news in news_by_file(fetched, today):
                stored += self._runs(name).add(news)
        return stored

    def frame(self, symbols: Sequence[str] | None, start: datetime, end: datetime) -> pl.DataFrame:
        """Return the bars that start in [start, end), adjusted for splits, by symbol and time.

        Columns are those of `archive.files.SCHEMA`, of each symbol one feed. Raises DamagedFile
        when a file that covers the range cannot be read; files outside are not touched.
        """
        return one_feed_each(self.every_feed(symbols, start, end), self._preferred)[0]

    def chosen(
        self, symbols: Sequence[str] | None, start: datetime, end: datetime
    ) -> tuple[pl.DataFrame, tuple[FeedChoice, ...]]:
        """Return what `frame` does, and of which feed each symbol's bars are."""
        return one_feed_each(self.every_feed(symbols, start, end), self._preferred)

    def every_feed(
        self, symbols: Sequence[str] | None, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """Return what `frame` does with the bars of all feeds, which only a count may mix."""
        wanted = _wanted(symbols, start, end)
        frames = [frame for runs in self._inside(wanted) for frame in runs.read(wanted)]
        return self._splits.adjust(newest_of_each(frames))

    def readable(
        self, symbols: Sequence[str] | None, start: datetime, end: datetime
    ) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """Return what `frame` does, of the files that can be read, and a line for each other."""
        wanted = _wanted(symbols, start, end)
        frames, damaged = [], []
        for runs in self._inside(wanted):
            for file in runs.files:
                try:
                    frames.append(runs.read_file(file, wanted))
                except DamagedFile as error:
                    damaged.append(str(error))
        frame = self._splits.adjust(newest_of_each(frames))
        return one_feed_each(frame, self._preferred)[0], tuple(damaged)

    def rows(self, symbols: Sequence[str], start: datetime, end: datetime) -> BarRows:
        """Return the bars that start in [start, end), by time and symbol. Raises as `frame`."""
        return rows_of(self.frame(symbols, start, end), symbols, self.interval_minutes)

    def set_aside(self, file: Path) -> Path:
        """Move a file that cannot be read out of the way, and return its new place.

        Raises StoreUnavailable.
        """
        with self._locked():
            try:
                folder = file.parent / "_damaged"
                folder.mkdir(exist_ok=True)
                aside = next(
                    path
                    for number in itertools.count()
                    if not (path := folder / f"{file.name}.{number}").exists()
                )
                with suppress(FileNotFoundError):
                    os.replace(file, aside)
            except OSError as error:
                raise not_written(file, error) from error
        return aside

    def _runs(self, name: str) -> Runs:
        return Runs(self.folder, name, self._sizes)

    def _inside(self, wanted: Wanted) -> Iterator[Runs]:
        first, last = wanted.start.astimezone(UTC), wanted.end.astimezone(UTC)
        # Days before months, whose files are looked for when their turn comes: a day that is
        # folded meanwhile is not lost.
        names = sorted(run_names(self.folder), key=len, reverse=True)
        months = {name[:7] for name in names}
        for name in [name for name in names if len(name) == _DAY] + sorted(months):
            form = "%Y-%m-%d" if len(name) == _DAY else "%Y-%m"
            if first.strftime(form) <= name <= last.strftime(form):
                yield self._runs(name)

    def _fold(self, day: str) -> None:
        """Move a past day's bars into their month."""
        self._runs(day[:7]).take_over(self._runs(day))

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


def _wanted(symbols: Sequence[str] | None, start: datetime, end: datetime) -> Wanted:
    return Wanted(None if symbols is None else tuple(symbols), start, end)
