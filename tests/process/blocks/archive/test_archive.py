"""The archive of bars: what comes back, what is counted, and what survives damage."""

from __future__ import annotations

import itertools
import multiprocessing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from blocks.archive.archive import BarArchive
from blocks.archive.month.files import DamagedFile
from blocks.archive.month.news import Stored
from blocks.archive.month.runs import Sizes
from blocks.markets.archive_market import ArchiveMarket
from blocks.process.clocks import ReplayClock
from blocks.providers.fetched_bars import Split
from tests.terminal import flows
from tests.unit.blocks.providers.fetched import fetched, simulated
from trading.errors import NoData, StoreUnavailable
from trading.market.bars import BarRows
from trading.market.calendar import sessions_between, to_microseconds

SYMBOLS = ("AAPL", "MSFT")
SESSIONS = sessions_between("NYSE", date(2025, 10, 29), date(2025, 11, 4))
LAST = SESSIONS[-1]
EVENING = LAST.close + timedelta(hours=2)
FIRST_US, END_US = to_microseconds(SESSIONS[0].open), to_microseconds(LAST.close)


@pytest.fixture
def clock() -> ReplayClock:
    return ReplayClock(EVENING)


@pytest.fixture
def archive(tmp_path: Path, clock: ReplayClock) -> BarArchive:
    return BarArchive(tmp_path, 5, clock)


def assert_same(found: BarRows, wanted: BarRows) -> None:
    order = np.lexsort((wanted.symbol, wanted.start_us))
    for name in ("symbol", "start_us", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name)[order])


def test_bars_come_back_exactly_from_months_and_today(archive: BarArchive) -> None:
    bars = simulated(SYMBOLS, SESSIONS, EVENING)
    assert archive.upsert(bars) == Stored(added=len(bars.rows))
    names = sorted(file.name for file in archive.folder.iterdir())
    assert names == ["2025-10.parquet", "2025-11-04.parquet", "2025-11.parquet"]
    assert_same(archive.rows(SYMBOLS, SESSIONS[0].open, LAST.close), bars.rows)
    one = archive.rows(("MSFT",), LAST.bar_start(3, 5), LAST.bar_end(3, 5))
    assert (len(one), one.symbol.tolist()) == (1, [0])


def test_files_are_sorted_compressed_and_in_row_groups(archive: BarArchive) -> None:
    archive.upsert(simulated(SYMBOLS, SESSIONS, EVENING))
    file = pq.ParquetFile(archive.folder / "2025-10.parquet")
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    table = file.read()
    keys = list(zip(table["symbol"].to_pylist(), table["ts"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    assert set(table["source"].to_pylist()) == {"yahoo"}
    assert set(table["fetched_at"].to_pylist()) == {EVENING}


def test_the_later_fetch_counts_and_a_revision_is_counted(archive: BarArchive) -> None:
    first = simulated(SYMBOLS, [LAST], EVENING)
    archive.upsert(first)
    close = first.rows.close.copy()
    close[5] += 0.01
    high = np.maximum(first.rows.high, close)
    # Noise below the engine's 0.0001 is no revision.
    close[7] += 1e-9
    later = EVENING + timedelta(minutes=1)
    second = fetched(replace(first.rows, close=close, high=high), SYMBOLS, later)
    assert archive.upsert(second) == Stored(revised=1, unchanged=155)
    frame = archive.frame(SYMBOLS, LAST.open, LAST.close)
    assert frame["revisions"].sum() == 1
    assert set(frame["fetched_at"]) == {later}
    assert_same(archive.rows(SYMBOLS, LAST.open, LAST.close), second.rows)


def test_an_older_fetch_that_comes_late_changes_nothing(archive: BarArchive) -> None:
    new = simulated(SYMBOLS, [LAST], EVENING)
    archive.upsert(new)
    old = fetched(
        replace(new.rows, volume=new.rows.volume + 1), SYMBOLS, EVENING - timedelta(hours=1)
    )
    assert archive.upsert(old) == Stored(unchanged=156)
    assert_same(archive.rows(SYMBOLS, LAST.open, LAST.close), new.rows)


def test_yesterdays_file_goes_into_its_month(archive: BarArchive, clock: ReplayClock) -> None:
    bars = simulated(SYMBOLS, SESSIONS, EVENING)
    archive.upsert(bars)
    clock._now = EVENING + timedelta(days=1)
    archive.upsert(bars.within(LAST.open, LAST.bar_start(1, 5)))
    names = sorted(file.name for file in archive.folder.iterdir())
    assert names == ["2025-10.parquet", "2025-11.parquet"]
    assert_same(archive.rows(SYMBOLS, SESSIONS[0].open, LAST.close), bars.rows)


def test_a_fold_that_was_interrupted_shows_every_bar_once(archive: BarArchive) -> None:
    bars = simulated(SYMBOLS, SESSIONS, EVENING)
    archive.upsert(bars)
    day = archive.folder / "2025-11-04.parquet"
    kept = day.read_bytes()
    archive._fold(day.stem)
    day.write_bytes(kept)
    assert_same(archive.rows(SYMBOLS, SESSIONS[0].open, LAST.close), bars.rows)


def test_a_damaged_file_is_named_and_the_others_can_be_read(archive: BarArchive) -> None:
    bars = simulated(SYMBOLS, SESSIONS, EVENING)
    archive.upsert(bars)
    damaged = archive.folder / "2025-10.parquet"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-20])
    with pytest.raises(DamagedFile, match=r"2025-10\.parquet cannot be read"):
        archive.rows(SYMBOLS, SESSIONS[0].open, LAST.close)
    with pytest.raises(DamagedFile, match=r"2025-10\.parquet"):
        archive.upsert(bars)
    november = bars.within(datetime(2025, 11, 1, tzinfo=UTC), LAST.close)
    assert_same(archive.rows(SYMBOLS, SESSIONS[3].open, LAST.close), november.rows)
    market = ArchiveMarket(archive)
    history = market.history(SYMBOLS, LAST)
    assert history is not None
    assert len(history) == 156
    assert "2025-10.parquet" in market.notes[0]


def test_a_file_that_is_no_bars_is_named(archive: BarArchive) -> None:
    archive.folder.mkdir(parents=True)
    (archive.folder / "2025-11.parquet").write_bytes(b"PAR1 not at all PAR1")
    with pytest.raises(DamagedFile):
        archive.rows(SYMBOLS, LAST.open, LAST.close)


def test_a_write_that_fails_leaves_the_old_file(
    archive: BarArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = simulated(SYMBOLS, [LAST], EVENING)
    archive.upsert(bars.within(LAST.open, LAST.bar_start(2, 5)))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        archive.upsert(bars)
    monkeypatch.undo()
    assert len(archive.rows(SYMBOLS, LAST.open, LAST.close)) == 4
    assert [file.name for file in archive.folder.iterdir()] == ["2025-11-04.parquet"]


def test_bars_from_before_a_split_are_read_in_new_shares(archive: BarArchive) -> None:
    before = simulated(("AAPL",), SESSIONS[:2], SESSIONS[1].close)
    split = Split("AAPL", to_microseconds(SESSIONS[2].open), 4.0)
    after = fetched(
        simulated(("AAPL",), [SESSIONS[2]], EVENING).rows, ("AAPL",), EVENING, splits=(split,)
    )
    archive.upsert(before)
    archive.upsert(after)
    archive.upsert(after)
    rows = archive.rows(("AAPL",), SESSIONS[0].open, SESSIONS[2].close)
    np.testing.assert_array_equal(rows.close[:156], before.rows.close / 4)
    np.testing.assert_array_equal(rows.volume[:156], before.rows.volume * 4)
    np.testing.assert_array_equal(rows.close[156:], after.rows.close)


def test_bars_fetched_after_a_split_are_left_alone(archive: BarArchive) -> None:
    split = Split("AAPL", to_microseconds(SESSIONS[2].open), 4.0)
    bars = simulated(("AAPL",), SESSIONS[:3], EVENING)
    archive.upsert(replace(bars, splits=(split,)))
    assert_same(archive.rows(("AAPL",), SESSIONS[0].open, LAST.close), bars.rows)


def store(data_dir: Path, symbol: str) -> None:
    archive = BarArchive(data_dir, 5, ReplayClock(EVENING))
    for session in SESSIONS:
        archive.upsert(simulated((symbol,), [session], EVENING))


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path, archive: BarArchive) -> None:
    symbols = ("AAA", "BBB", "CCC")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=store, args=(tmp_path, symbol)) for symbol in symbols]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    rows = archive.rows(symbols, SESSIONS[0].open, LAST.close)
    assert np.bincount(rows.symbol).tolist() == [78 * len(SESSIONS)] * 3


def store_and_tell(data_dir: Path, told: Connection) -> None:
    """Store session after session, over and over, and tell of each that is stored."""
    archive = BarArchive(data_dir, 5, ReplayClock(EVENING), sizes=Sizes(small=100, at_once=150))
    for number in itertools.count():
        at = EVENING + timedelta(seconds=number)
        archive.upsert(simulated(SYMBOLS, [SESSIONS[number % len(SESSIONS)]], at))
        told.send(number)


def test_what_was_stored_when_a_process_is_killed_is_there_and_was_readable_all_the_time(
    tmp_path: Path,
) -> None:
    context = multiprocessing.get_context("spawn")
    hears, tells = context.Pipe(duplex=False)
    process = context.Process(target=store_and_tell, args=(tmp_path, tells), daemon=True)
    process.start()
    archive = BarArchive(tmp_path, 5, ReplayClock(EVENING))
    for _ in range(3 * len(SESSIONS)):
        stored = min(hears.recv() + 1, len(SESSIONS))
        bars = archive.frame(None, SESSIONS[0].open, LAST.close)
        # Whole sessions, and perhaps more of them than were told of by then.
        assert len(bars) in range(stored * 156, len(SESSIONS) * 156 + 1, 156)
    process.kill()
    process.join()
    # Half a file, as the kill may have left.
    half = archive.folder / ".2025-10.parquet.1.partial"
    half.write_bytes(b"PAR1")
    bars = archive.frame(None, SESSIONS[0].open, LAST.close)
    assert len(bars) == len(SESSIONS) * 156
    later = simulated(SYMBOLS, SESSIONS, EVENING + timedelta(hours=1))
    assert archive.upsert(later) == Stored(unchanged=len(later.rows))
    assert_same(archive.rows(SYMBOLS, SESSIONS[0].open, LAST.close), later.rows)
    assert not list(tmp_path.rglob("*.partial"))


def test_market_data_of_the_archive(archive: BarArchive) -> None:
    bars = simulated(SYMBOLS, SESSIONS, EVENING)
    archive.upsert(bars)
    market = ArchiveMarket(archive)
    bar = market.rows(SYMBOLS, LAST, LAST.bar_start(2, 5), LAST.bar_end(2, 5))
    assert bar.start_us.tolist() == [to_microseconds(LAST.bar_start(2, 5))] * 2
    assert_same(market.sessions(SYMBOLS, SESSIONS), bars.rows)
    with pytest.raises(NoData, match="no bars of NVDA"):
        market.sessions(("NVDA",), SESSIONS)


def test_the_backtest_reads_the_archives_folder(archive: BarArchive) -> None:
    archive.upsert(simulated(SYMBOLS, SESSIONS, EVENING))
    finished = flows("backtest", "--bars", archive.folder, "--json")
    assert finished.returncode == 0, finished.stderr
    assert '"missing": 0' in finished.stdout
