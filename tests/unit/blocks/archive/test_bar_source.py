"""A backtest over an archive: what is taken for one, what is read of it, and of which feed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from blocks.archive import reader
from blocks.archive.archive import BarArchive
from blocks.archive.bar_source import archive_at, date_range, read_bars, symbols_in
from blocks.bars.file_format import BarFileFormat
from blocks.process.clocks import ReplayClock
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest
from tests.unit.blocks.providers.fetched import simulated
from trading.errors import BadInput
from trading.market.calendar import sessions_between

SESSIONS = sessions_between("NYSE", date(2025, 9, 26), date(2025, 11, 4))
EVENING = SESSIONS[-1].close + timedelta(hours=2)
SYMBOLS = ("AAPL", "MSFT")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three months of two symbols of yahoo, and one session of one symbol of alpaca:iex."""
    folder = tmp_path_factory.mktemp("data")
    archive = BarArchive(folder, 5, ReplayClock(EVENING))
    archive.upsert(simulated(SYMBOLS, SESSIONS, EVENING, "yahoo"))
    archive.upsert(simulated(("AAPL",), SESSIONS[-1:], EVENING, "alpaca:iex"))
    return folder


@pytest.fixture
def folder(data_dir: Path) -> Path:
    return data_dir / "bars" / "5m"


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """An archive that a test may change."""
    return Path(shutil.copytree(folder.parent, tmp_path / "bars")) / "5m"


def backtest_of(path: Path, **asked: object) -> dict[str, object]:
    request = BacktestRequest(bars=path, report=False, **asked)  # type: ignore[arg-type]
    return backtest(request).as_dict()


def test_bars_of_an_archive_are_starts_in_utc_whatever_they_look_like(own: Path) -> None:
    # Without the bars at the opens, stamps of a user's file would be taken for ends.
    for file in own.glob("*.parquet"):
        bars = pl.read_parquet(file)
        first = bars.group_by("symbol", pl.col("ts").dt.date().alias("day")).agg(pl.col("ts").min())
        bars.join(first, on=["symbol", "ts"], how="anti").write_parquet(file)
    found = read_bars(own, None)
    assert found.symbols == SYMBOLS
    assert found.rows.interval_minutes == 5
    later = [session.bar_start(1, 5) for session in SESSIONS]
    assert set(pl.Series(found.starts_us).cast(pl.Datetime("us", "UTC"))) >= set(later)
    assert [note for note in found.notes if "feed" not in note] == []


def test_only_the_months_and_symbols_that_are_asked_for_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    reading: Callable[..., pl.DataFrame] = reader.Runs.read_file

    def noted(runs: object, file: Path, wanted: object) -> pl.DataFrame:
        frame = reading(runs, file, wanted)
        read.append(f"{file.stem} {','.join(frame['symbol'].unique().sort())}")
        return frame

    monkeypatch.setattr(reader.Runs, "read_file", noted)
    day = date(2025, 10, 15)
    read_bars(folder, ("MSFT",), start=day, end=day)
    assert read == ["2025-10 MSFT"]
    read.clear()
    found = backtest_of(folder, symbols=("MSFT",), start=day, end=day)
    # What warms up the gate and the indicators is read as well, and nothing of later.
    assert read == ["2025-09 MSFT", "2025-10 MSFT"]
    sessions = found["sessions"]
    assert (sessions["count"], sessions["first"]) == (1, "2025-10-15")  # type: ignore[index]


@pytest.mark.parametrize(
    ("feed", "read", "note"),
    [
        (None, 2 * 78 * len(SESSIONS), "78 of alpaca:iex are left out"),
        ("yahoo", 2 * 78 * len(SESSIONS), "bars of AAPL, MSFT are of the feed yahoo"),
        ("alpaca:iex", 78, "bars of AAPL are of the feed alpaca:iex"),
    ],
)
def test_one_feed_is_read_and_named(folder: Path, feed: str | None, read: int, note: str) -> None:
    found = read_bars(folder, None, format=BarFileFormat(feed=feed))
    assert len(found.rows) == read
    assert len(set(zip(found.rows.symbol, found.rows.start_us, strict=True))) == read
    assert any(note in line for line in found.notes)


@pytest.mark.parametrize(
    ("symbols", "feed", "said"),
    [
        (("NVDA",), None, "no bars of NVDA. It has AAPL, MSFT; others come with openbell"),
        (("MSFT",), "alpaca:iex", "no bars of MSFT of the feed alpaca:iex there. It has them of"),
        (None, "alpaca:sip", "no bars of AAPL, MSFT of the feed alpaca:sip there"),
    ],
)
def test_what_is_not_there_is_named(
    folder: Path, symbols: tuple[str, ...] | None, feed: str | None, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_bars(folder, symbols, format=BarFileFormat(feed=feed))
    assert said in str(caught.value)


def test_a_month_that_was_cut_short_is_named_and_the_others_are_traded(own: Path) -> None:
    october = own / "2025-10.parquet"
    october.write_bytes(october.read_bytes()[:-30])
    found = backtest_of(own, symbols=SYMBOLS)
    assert any(f"WARNING: {october} cannot be read" in line for line in found["notes"])  # type: ignore[attr-defined]
    assert found["sessions"]["first"] == "2025-09-26"  # type: ignore[index]
    assert found["sessions"]["last"] == "2025-11-04"  # type: ignore[index]


def test_one_month_of_an_archive_is_read_as_the_archive_would(folder: Path) -> None:
    found = read_bars(folder / "2025-11.parquet", None)
    assert len(found.rows) == 2 * 78
    assert date_range(folder / "2025-11.parquet") == (date(2025, 11, 3), date(2025, 11, 3))
    assert date_range(folder) == (date(2025, 9, 26), date(2025, 11, 4))
    assert symbols_in(folder) == SYMBOLS


def test_a_folder_of_other_files_is_no_archive(own: Path) -> None:
    (own / "asked.jsonl").write_text("{}\n")
    assert archive_at(own) is not None
    (own / "2025-10.parquet").rename(own / "AAPL.parquet")
    assert archive_at(own) is None
    with pytest.raises(BadInput, match="Leave --feed out"):
        read_bars(own, None, format=BarFileFormat(feed="yahoo"))


@pytest.mark.parametrize("name", ["2025-10.parquet", "2025-10-01.parquet", "2024-01.parquet"])
def test_a_users_files_that_are_called_as_months_are_his(tmp_path: Path, name: str) -> None:
    rows = pl.DataFrame({"symbol": ["A"], "ts": ["2025-10-01T14:30:00Z"], "open": [1.0]})
    rows.with_columns(high=1.0, low=1.0, close=1.0, volume=5.0).write_parquet(tmp_path / name)
    assert archive_at(tmp_path) is None
    assert read_bars(tmp_path, None).symbols == ("A",)


def test_the_folder_above_the_archives_is_refused_with_one_to_name(data_dir: Path) -> None:
    with pytest.raises(
        BadInput, match=r"an archive for each length of bars. Name one: --bars .*/5m$"
    ):
        read_bars(data_dir / "bars", None)


@pytest.mark.parametrize("asked", ["BRK.B", "BRK-B", "BRK/B", "BRK B"])
def test_a_class_of_a_share_is_found_however_the_archive_writes_it(
    asked: str, tmp_path: Path
) -> None:
    archive = BarArchive(tmp_path, 5, ReplayClock(EVENING))
    archive.upsert(simulated(("BRK-B", "KO"), SESSIONS[:2], EVENING, "yahoo"))
    archive.upsert(simulated(("BRK.B",), SESSIONS[1:3], EVENING, "alpaca:sip"))
    found = read_bars(archive.folder, [asked, "KO"])
    assert found.symbols == (asked, "KO")
    # One feed, and not the bars of both forms added up.
    assert int((found.rows.symbol == 0).sum()) == 2 * 78
    assert f"bars of {asked} are of the feed alpaca:sip; 156 of yahoo are left out" in str(
        found.notes
    )
    assert symbols_in(archive.folder) == ("BRK.B", "KO")
    assert read_bars(archive.folder, None).symbols == ("BRK.B", "KO")
