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

from blocks.bar_splits import SplitFile
from blocks.fetched_bars import FetchedBars, empty_rows
from trading.bars import BarRows
from trading.calendar import Session, to_microseconds
from trading.errors import NoData, StoreUnavailable
from trading.ports import Clock
from trading.prices import r4_array

ROW_GROUP = 30_000
PRICES = ("open", "high", "low", "close")
TIME = pl.Datetime("us", "UTC")
SCHEMA = {
    "symbol": pl.String, "ts": TIME,
    "open": pl.Float64, "high": pl.Float64, "low": pl.Float64, "close": pl.Float64,
    "volume": pl.Float64, "source": pl.String, "fetched_at": TIME, "revisions": pl.Int32,
}  # fmt: skip
KEY = ["symbol", "ts"]
_MONTH = re.compile(r"(\d{4}-\d{2})(-\d{2})?")


class DamagedFile(StoreUnavailable):
    """A file of the archive cannot be read."""


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
        self.damaged: tuple[str, ...] = ()
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

        Columns are those of SCHEMA. Raises DamagedFile when a file that covers the range cannot
        be read; files outside the range are not touched.
        """
        inside = (pl.col("ts") >= start) & (pl.col("ts") < end)
        if symbols is not None:
            inside &= pl.col("symbol").is_in(list(symbols))
        frames = [_read(file, inside) for file in self._files(start, end)]
        return self._as_one(frames)

    def readable(
        self, symbols: Sequence[str] | None, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """Return what `frame` does from the files that can be read; `damaged` names the others."""
        inside = (pl.col("ts") >= start) & (pl.col("ts") < end)
        if symbols is not None:
            inside &= pl.col("symbol").is_in(list(symbols))
        frames, damaged = [], []
        for file in self._files(start, end):
            try:
                frames.append(_read(file, inside))
            except DamagedFile as error:
                damaged.append(str(error))
        self.damaged = tuple(damaged)
        return self._as_one(frames)

    def rows(self, symbols: Sequence[str], start: datetime, end: datetime) -> BarRows:
        """Return the bars that start in [start, end), by time and symbol. Raises as `frame`."""
        return rows_of(self.frame(symbols, start, end), symbols, self.interval_minutes)

    def _as_one(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        if not frames:
            return pl.DataFrame(schema=SCHEMA)
        # A day's file and its month may both hold a bar when folding was interrupted.
        whole = pl.concat(frames).sort([*KEY, "fetched_at"], maintain_order=True)
        return self._splits.adjust(whole.unique(KEY, keep="last", maintain_order=True))

    def _files(self, start: datetime, end: datetime) -> list[Path]:
        first, last = start.astimezone(UTC), end.astimezone(UTC)
        months = (first.strftime("%Y-%m"), last.strftime("%Y-%m"))
        days = (first.strftime("%Y-%m-%d"), last.strftime("%Y-%m-%d"))
        found = []
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
        self._merge(day.with_stem(day.stem[:7]), _read(day, pl.lit(True)))
        day.unlink()

    def _merge(self, file: Path, news: pl.DataFrame) -> Stored:
        old = _read(file, pl.lit(True)) if file.exists() else pl.DataFrame(schema=SCHEMA)
        news = news.sort([*KEY, "fetched_at"], maintain_order=True)
        news = news.unique(KEY, keep="last", maintain_order=True)
        before = news.select(KEY).join(old, on=KEY, how="left", maintain_order="left")
        known = before["fetched_at"].is_not_null().to_numpy()
        later = ~known | (news["fetched_at"] >= before["fetched_at"]).fill_null(True).to_numpy()
        differs = np.zeros(len(news), dtype=np.bool_)
        for name in (*PRICES, "volume"):
            # Rounded as the engine does: a provider's float noise is no revision.
            differs |= r4_array(news[name].to_numpy()) != r4_array(before[name].to_numpy())
        revised = known & differs & later
        counts = before["revisions"].fill_null(0).to_numpy() + revised
        news = news.with_columns(pl.Series("revisions", counts, dtype=pl.Int32)).filter(later)
        whole = pl.concat([old.join(news, on=KEY, how="anti"), news]).sort(KEY)
        _write(whole, file)
        unchanged = int((known & ~revised).sum())
        return Stored(int((~known).sum()), int(revised.sum()), unchanged)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        except OSError as error:
            raise _not_written(self.folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class ArchiveMarket:
    """MarketData of what the archive holds, given out as the clock passes it."""

    name = "archive"

    def __init__(self, archive: BarArchive) -> None:
        self._archive = archive
        self.notes: tuple[str, ...] = ()

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return all rows before the session, oldest first; damaged files are in `notes`."""
        first = datetime(1970, 1, 1, tzinfo=UTC)
        frame = self._archive.readable(symbols, first, before.open)
        self.notes = self._archive.damaged
        rows = rows_of(frame, symbols, self._archive.interval_minutes)
        return rows if len(rows) else None

    def rows(
        self, symbols: Sequence[str], session: Session, start: datetime, end: datetime
    ) -> BarRows:
        """Return the rows that start in [start, end). Raises StoreUnavailable when damaged."""
        return self._archive.rows(symbols, start, end)

    def sessions(self, symbols: Sequence[str], sessions: Sequence[Session]) -> BarRows:
        """Return the rows of sessions in order, for a backtest. Raises NoData without any."""
        if sessions:
            rows = self._archive.rows(symbols, sessions[0].open, sessions[-1].close)
            if len(rows):
                return rows
        raise NoData(
            f"{self._archive.folder} has no bars of {', '.join(symbols)} there",
            "Fetch them first: python -m flows fetch",
        )


def frame_of(fetched: FetchedBars) -> pl.DataFrame:
    """Return fetched bars in the archive's columns."""
    rows = fetched.rows
    symbols = np.array(fetched.symbols, dtype=object)
    sources = np.array(fetched.sources, dtype=object)
    return pl.DataFrame(
        {
            "symbol": pl.Series(symbols[rows.symbol].tolist(), dtype=pl.String),
            "ts": _times(rows.start_us),
            **{name: getattr(rows, name) for name in (*PRICES, "volume")},
            "source": pl.Series(sources[fetched.source].tolist(), dtype=pl.String),
            "fetched_at": _times(fetched.fetched_us),
            "revisions": np.zeros(len(rows), dtype=np.int32),
        },
        schema=SCHEMA,
    )


def rows_of(frame: pl.DataFrame, symbols: Sequence[str], interval_minutes: int) -> BarRows:
    """Return a frame's bars as rows by time and symbol; `symbols` numbers them."""
    if not len(frame):
        return empty_rows(interval_minutes)
    code = frame["symbol"].replace_strict(list(symbols), range(len(symbols)), return_dtype=pl.Int64)
    rows = BarRows(
        code.to_numpy(writable=True),
        frame["ts"].dt.epoch("us").to_numpy(writable=True),
        *(frame[name].to_numpy(writable=True) for name in (*PRICES, "volume")),
        interval_minutes,
    )
    return rows.take(np.lexsort((rows.symbol, rows.start_us)))


def session_span(sessions: Sequence[Session]) -> tuple[int, int]:
    """Return the first open and the last close in microseconds since 1970 UTC."""
    return to_microseconds(sessions[0].open), to_microseconds(sessions[-1].close)


def _times(us: np.typing.NDArray[np.int64]) -> pl.Series:
    return pl.Series(us, dtype=pl.Int64).cast(TIME)


def _read(file: Path, wanted: pl.Expr) -> pl.DataFrame:
    try:
        return pl.scan_parquet(file, glob=False).filter(wanted).select(list(SCHEMA)).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DamagedFile(
            f"{file} cannot be read as bars", "Move it away and fetch its sessions again"
        ) from error


def _write(frame: pl.DataFrame, file: Path) -> None:
    # No pattern of ours or the user's takes this name for a file of bars.
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            frame.write_parquet(stream, compression="zstd", row_group_size=ROW_GROUP)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _not_written(file, error) from error


def _not_written(where: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{where} cannot be written: {error.strerror}",
        "Check the folder's permissions and free disk space",
    )
