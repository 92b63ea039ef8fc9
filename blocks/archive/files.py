"""Files of the bar archive: its columns, reading with a filter, writing whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from blocks.process.disk_errors import words_of
from blocks.providers.fetched_bars import FetchedBars, empty_rows
from trading.errors import StoreUnavailable
from trading.market.bars import NUMBERS, BarRows

ROW_GROUP = 30_000
TIME = pl.Datetime("us", "UTC")
SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(), "ts": TIME,
    "open": pl.Float64(), "high": pl.Float64(), "low": pl.Float64(), "close": pl.Float64(),
    "volume": pl.Float64(), "source": pl.String(), "fetched_at": TIME, "revisions": pl.Int32(),
}  # fmt: skip


class DamagedFile(StoreUnavailable):
    """A file of the archive cannot be read."""


def frame_of(fetched: FetchedBars) -> pl.DataFrame:
    """Return fetched bars in the archive's columns."""
    rows = fetched.rows
    symbols = np.array(fetched.symbols, dtype=object)
    sources = np.array(fetched.sources, dtype=object)
    return pl.DataFrame(
        {
            "symbol": pl.Series(symbols[rows.symbol].tolist(), dtype=pl.String),
            "ts": _times(rows.start_us),
            **{name: getattr(rows, name) for name in NUMBERS},
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


def read_bars_file(file: Path, wanted: pl.Expr) -> pl.DataFrame:
    """Return the bars of a file that a condition holds for. None of a file that is gone.

    Raises DamagedFile.
    """
    try:
        return pl.scan_parquet(file, glob=False).filter(wanted).select(list(SCHEMA)).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        if not file.exists():
            return no_stored_bars()
        raise DamagedFile(
            f"{file} cannot be read as bars", "Move it away and fetch its sessions again"
        ) from error


def write_bars_file(frame: pl.DataFrame, file: Path) -> None:
    """Replace a file by these bars, on the disk when this returns. Raises StoreUnavailable."""
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
    except (OSError, pl.exceptions.PolarsError) as error:
        raise not_written(file, error) from error
    finally:
        # Also when it is interrupted.
        partial.unlink(missing_ok=True)


def not_written(where: Path, error: Exception) -> StoreUnavailable:
    """Return the failure to write a file or folder."""
    return StoreUnavailable(
        f"{where} cannot be written: {words_of(error)}",
        "Check the folder's permissions and free disk space",
    )
