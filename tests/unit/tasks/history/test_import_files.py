"""Importing in parts: a large file gives what it would give whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from blocks.archive.archive import BarArchive
from blocks.archive.month.news import Stored
from blocks.bars.file_format import BarFileFormat
from blocks.markets.random_walk import simulated_rows
from blocks.process.clocks import ReplayClock
from tasks.history.import_files import Imported, import_bars
from trading.errors import BadInput
from trading.market.calendar import sessions_between

SESSIONS = sessions_between("NYSE", date(2025, 10, 27), date(2025, 11, 4))
NOW = datetime(2025, 12, 1, tzinfo=UTC)
SYMBOLS = ("AAPL", "MSFT")


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with what is wrong with files: rows at night, twice, without a price, volume 0."""
    rows = simulated_rows(SYMBOLS, SESSIONS, 5, seed=3)
    frame = pl.DataFrame(
        {
            "symbol": np.array(SYMBOLS)[rows.symbol],
            "ts": pl.Series(rows.start_us).cast(pl.Datetime("us", "UTC")),
            **{name: getattr(rows, name) for name in ("open", "high", "low", "close", "volume")},
        }
    )
    night = frame[::39].with_columns(pl.col("ts") + timedelta(hours=9))
    early = frame[::78].with_columns(pl.col("ts") - timedelta(minutes=25))
    again = frame[5::50].with_columns(pl.col("close") - 0.01, pl.col("low") - 0.01)
    bad = frame[7::101].with_columns(close=0.0)
    silent = frame[9::77].with_columns(volume=0.0)
    path = tmp_path_factory.mktemp("own") / "bars.csv"
    pl.concat([frame, night, early, again, bad, silent]).write_csv(path)
    return path


def imported(bars: Path, folder: Path, at_once: int, **written: object) -> Imported:
    file_format = BarFileFormat(**written)  # type: ignore[arg-type]
    return import_bars(
        bars, (), "NYSE", 5, file_format, folder, ReplayClock(NOW), rows_at_once=at_once
    )


@pytest.mark.parametrize("at_once", [100, 400, 900])
def test_parts_of_a_file_give_what_the_whole_gives(
    bars: Path, tmp_path: Path, at_once: int
) -> None:
    whole = imported(bars, tmp_path / "whole", 10**9)
    parts = imported(bars, tmp_path / "parts", at_once)
    assert whole.stored == parts.stored
    assert whole.stored.added > 1_000
    assert whole.defects == parts.defects
    assert min(whole.defects.as_dict().values()) > 0
    assert (whole.symbols, set(whole.notes)) == (parts.symbols, set(parts.notes))
    span = (SESSIONS[0].open, SESSIONS[-1].close)
    one, other = (
        BarArchive(tmp_path / name, 5, ReplayClock(NOW)).frame(None, *span)
        for name in ("whole", "parts")
    )
    assert one.equals(other)
    assert set(one["feed"]) == {"file"}
    again = imported(bars, tmp_path / "parts", at_once)
    assert again.stored == Stored(unchanged=parts.stored.added)


def test_a_file_without_a_bar_of_a_session_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "night.csv"
    path.write_text("symbol,ts,open,high,low,close,volume\nAAA,2025-06-10T02:00:00Z,1,1,1,1,5\n")
    with pytest.raises(BadInput, match=r"night\.csv has no valid bar inside a session"):
        imported(path, tmp_path / "data", 1)
    assert list((tmp_path / "data").rglob("*.parquet")) == []


def test_a_file_that_turns_out_bad_in_a_later_part_says_what_is_stored(
    bars: Path, tmp_path: Path
) -> None:
    whole = pl.read_csv(bars, try_parse_dates=True)
    since = pl.col("ts") >= SESSIONS[3].open
    prices = [pl.when(since).then((pl.col(name) * 1e9).round()).otherwise(pl.col(name)).alias(name)
              for name in ("open", "high", "low", "close")]  # fmt: skip
    path = tmp_path / "bad.csv"
    whole.with_columns(prices).write_csv(path)
    with pytest.raises(BadInput, match=r"its bars before 2025-\d\d-\d\d are in .*import all again"):
        imported(path, tmp_path / "data", 400)
    mended = imported(bars, tmp_path / "data", 400)
    assert mended.stored.unchanged > 0
    assert (
        mended.stored.added + mended.stored.unchanged
        == imported(bars, tmp_path / "other", 400).stored.added
    )


def test_a_file_whose_columns_are_swapped_is_refused_with_what_its_rows_lack(
    bars: Path, tmp_path: Path
) -> None:
    path = tmp_path / "swapped.csv"
    swapped = {"high": "low", "low": "high"}
    pl.read_csv(bars).filter(pl.col("close") > 0).rename(swapped).write_csv(path)
    with pytest.raises(BadInput, match=r"no valid bar inside .* rows have .* a high below the low"):
        imported(path, tmp_path / "data", 10**9)
