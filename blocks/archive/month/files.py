"""Files of the bar archive: its columns, and reading with a filter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from blocks.archive.feeds import feed_expression
from blocks.process.files.disk_errors import words_of
from blocks.providers.fetched_bars import FetchedBars, empty_rows
from trading.errors import StoreUnavailable
from trading.market.bars import NUMBERS, BarRows

# Five symbols or so of a month of 5-minute bars: what is read for a symbol besides its own.
ROW_GROUP = 8_192
KEY = ("symbol", "ts", "feed")
TIME = pl.Datetime("us", "UTC")
SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(), "ts": TIME, "feed": pl.String(),
    "open": pl.Float64(), "high": pl.Float64(), "low": pl.Float64(), "close": pl.Float64(),
    "volume": pl.Float64(), "source": pl.String(), "fetched_at": TIME, "revisions": pl.Int32(),
}  # fmt: skip
# Without the feed: so wrote earlier versions.
COLUMNS_BEFORE_FEEDS = tuple(name for name in SCHEMA if name != "feed")
_READ_TRIES = 20


class DamagedFile(StoreUnavailable):
    """A file of the archive cannot be read; `file` says which."""

    file: Path | None = None


def damaged(file: Path) -> DamagedFile:
    """Return the failure to read a file of bars."""
    error = DamagedFile(
        f"{file} cannot be read as bars: it is damaged or cut short",
        "Run fetch for the sessions in it: that sets it aside and brings the bars again",
    )
    error.file = file
    return error


def frame_of(fetched: FetchedBars) -> pl.DataFrame:
    """Return fetched bars in the archive's columns."""
    rows = fetched.rows
    frame = pl.DataFrame(
        {
            "symbol": pl.Series(fetched.symbols, dtype=pl.String).gather(rows.symbol),
            "ts": _times(rows.start_us),
            **{name: getattr(rows, name) for name in NUMBERS},
            "source": pl.Series(fetched.sources, dtype=pl.String).gather(fetched.source),
            "fetched_at": _times(fetched.fetched_us),
            "revisions": np.zeros(len(rows), dtype=np.int32),
        }
    )
    return (
        frame.with_columns(feed_expression().alias("feed"))
        .select(list(SCHEMA))
        .cast(pl.Schema(SCHEMA))
    )


def rows_of(frame: pl.DataFrame, symbols: Sequence[str], interval_minutes: int | None) -> BarRows:
    """Return a frame's bars as rows by time and symbol; `symbols` numbers them."""
    if not len(frame):
        return empty_rows(interval_minutes)
    code = frame["symbol"].replace_strict(list(symbols), range(len(symbols)), return_dtype=pl.Int64)
    opened, high, low, close, volume = (frame[name].to_numpy(writable=True) for name in NUMBERS)
    start_us = frame["ts"].dt.epoch("us").to_numpy(writable=True)
    rows = BarRows(
        code.to_numpy(writable=True), start_us, opened, high, low, close, volume, interval_minutes
    )
    return rows.take(np.lexsort((rows.symbol, rows.start_us)))


def _times(us: NDArray[np.int64]) -> pl.Series:
    return pl.Series(us, dtype=pl.Int64).cast(TIME)


def no_stored_bars() -> pl.DataFrame:
    """Return a frame of the archive without bars."""
    return pl.DataFrame(schema=SCHEMA)


def newest_of_each(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the bars of frames by symbol, time and feed; of those of one key the last fetched."""
    if not frames:
        return no_stored_bars()
    whole = pl.concat(frames).sort([*KEY, "fetched_at", "revisions"], maintain_order=True)
    return whole.unique(KEY, keep="last", maintain_order=True)


def read_bars_file(file: Path, wanted: pl.Expr) -> pl.DataFrame:
    """Return the bars of a file that a condition holds for. None of a file that is gone.

    Row groups whose bounds show that they hold none are not read. Raises DamagedFile.
    """
    for _ in range(_READ_TRIES):
        before = _identity(file)
        if before is None:
            break
        try:
            frame = scan_bars_file(file).filter(wanted).select(list(SCHEMA)).collect()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            if _identity(file) == before:
                raise damaged(file) from error
        else:
            # A file that was replaced meanwhile may be read half from either.
            if _identity(file) in (before, None):
                return frame
    else:
        raise StoreUnavailable(f"{file} changes all the time", "Try again when it is written")
    return no_stored_bars()


def scan_bars_file(file: Path) -> pl.LazyFrame:
    """Return a file's rows, to be filtered and collected, with the feed where it has none."""
    rows = pl.scan_parquet(file, glob=False, hive_partitioning=False)
    if "feed" in rows.collect_schema():
        return rows
    return rows.with_columns(feed_expression().alias("feed"))


def not_written(where: Path, error: Exception) -> StoreUnavailable:
    """Return the failure to write a file or folder."""
    return StoreUnavailable(
        f"{where} cannot be written: {words_of(error)}",
        "Check the folder's permissions and free disk space",
    )


def _identity(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
