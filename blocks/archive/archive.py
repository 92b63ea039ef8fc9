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
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.archive.feeds import PREFERRED
from blocks.archive.month.files import not_written
from blocks.archive.month.news import Stored, news_by_file
from blocks.archive.month.runs import Sizes, folder_name, run_names
from blocks.archive.reader import DAY, ArchiveReader
from blocks.providers.fetched_bars import FetchedBars
from trading.session.ports import Clock

if TYPE_CHECKING:
    from blocks.archive.month.merging import RunsWriter


class BarArchive(ArchiveReader):
    """The bars of one length, which are read and stored: `<data_dir>/bars/5m`, or `1d` for days.

    A day's bar begins at its session's open.
    """

    interval_minutes: int

    def __init__(
        self,
        data_dir: Path,
        interval_minutes: int,
        clock: Clock,
        *,
        preferred: Sequence[str] = PREFERRED,
        sizes: Sizes | None = None,
    ) -> None:
        folder = data_dir / "bars" / folder_name(interval_minutes)
        super().__init__(folder, interval_minutes, preferred=preferred)
        self._sizes = sizes or Sizes()
        self._clock = clock

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
                if len(name) == DAY and name < today:
                    self._fold(name)
            for name, news in news_by_file(fetched, today):
                stored += self._writer(name).add(news)
        return stored

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

    def _writer(self, name: str) -> RunsWriter:
        # It brings pyarrow, which whoever only reads does without.
        from blocks.archive.month.merging import RunsWriter

        return RunsWriter(self._runs(name), self._sizes)

    def _fold(self, day: str) -> None:
        """Move a past day's bars into their month."""
        self._writer(day[:7]).take_over(self._runs(day))

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
            # Who is killed while he writes leaves half a file, and nobody else writes now.
            for half in self.folder.rglob(".*.partial"):
                with suppress(OSError):
                    half.unlink()
            yield
        finally:
            os.close(descriptor)
