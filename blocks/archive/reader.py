"""What reads the archive: bars of a span and some symbols, one feed each, adjusted for splits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from blocks.archive.feeds import PREFERRED, FeedChoice, one_feed_each
from blocks.archive.month.files import DamagedFile, newest_of_each, rows_of
from blocks.archive.month.runs import Runs, Wanted, run_names
from blocks.archive.splits import SplitFile
from blocks.providers.fetched_bars import Split
from trading.market.bars import BarRows

DAY = len("YYYY-MM-DD")


class ArchiveReader:
    """The bars of one length in a folder, which `splits.json` beside it puts into new shares.

    `preferred` says whose bars are read of a symbol that has several feeds, `only` the one month
    or day that is read. `interval_minutes` None is not known.
    """

    def __init__(
        self,
        folder: Path,
        interval_minutes: int | None,
        *,
        preferred: Sequence[str] = PREFERRED,
        only: str | None = None,
    ) -> None:
        self.folder = folder
        self.interval_minutes = interval_minutes
        self.preferred = tuple(preferred)
        self._only = only
        self._splits = SplitFile(folder.parent / "splits.json")

    @property
    def names(self) -> list[str]:
        """Return the months and days that are read, in order."""
        return run_names(self.folder) if self._only is None else [self._only]

    @property
    def splits(self) -> list[Split]:
        """Return the splits that bars are adjusted for. Raises StoreUnavailable."""
        return self._splits.all()

    @property
    def files(self) -> list[Path]:
        """Return all files of the archive, in order."""
        return [file for name in self.names for file in self._runs(name).files]

    def frame(self, symbols: Sequence[str] | None, start: datetime, end: datetime) -> pl.DataFrame:
        """Return the bars that start in [start, end), adjusted for splits, by symbol and time.

        Columns are those of `archive.files.SCHEMA`, of each symbol one feed. Raises DamagedFile
        when a file that covers the range cannot be read; files outside are not touched.
        """
        return one_feed_each(self.every_feed(symbols, start, end), self.preferred)[0]

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
        """Return what `every_feed` does, of files that can be read, and a line for each other."""
        wanted = _wanted(symbols, start, end)
        frames, damaged = [], []
        for runs in self._inside(wanted):
            for file in runs.files:
                try:
                    frames.append(runs.read_file(file, wanted))
                except DamagedFile as error:
                    damaged.append(str(error))
        return self._splits.adjust(newest_of_each(frames)), tuple(damaged)

    def chosen(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[FeedChoice, ...]]:
        """Return one feed of each symbol out of the bars of all feeds, and which that is."""
        return one_feed_each(frame, self.preferred)

    def rows(self, symbols: Sequence[str], start: datetime, end: datetime) -> BarRows:
        """Return the bars that start in [start, end), by time and symbol. Raises as `frame`."""
        return rows_of(self.frame(symbols, start, end), symbols, self.interval_minutes)

    def _runs(self, name: str) -> Runs:
        return Runs(self.folder, name)

    def _inside(self, wanted: Wanted) -> Iterator[Runs]:
        first, last = wanted.start.astimezone(UTC), wanted.end.astimezone(UTC)
        # Days before months, whose files are looked for when their turn comes: a day that is
        # folded meanwhile is not lost.
        names = self.names
        days = [name for name in names if len(name) == DAY]
        months = names if self._only else sorted({name[:7] for name in names})
        for name in dict.fromkeys([*days, *months]):
            form = "%Y-%m-%d" if len(name) == DAY else "%Y-%m"
            if first.strftime(form) <= name <= last.strftime(form):
                yield self._runs(name)


def _wanted(symbols: Sequence[str] | None, start: datetime, end: datetime) -> Wanted:
    return Wanted(None if symbols is None else tuple(symbols), start, end)
