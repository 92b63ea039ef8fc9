"""Feeds of the archive: bars of one never stand beside those of another in what is read."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from blocks.archive.archive import BarArchive
from blocks.archive.feeds import notes_of_feeds, one_feed_each
from blocks.archive.month.files import COLUMNS_BEFORE_FEEDS, SCHEMA
from blocks.archive.month.news import Stored
from blocks.process.clocks import ReplayClock
from tests.unit.blocks.providers.fetched import simulated
from trading.market.calendar import sessions_between

SESSIONS = sessions_between("NYSE", date(2025, 10, 30), date(2025, 11, 4))
LAST = SESSIONS[-1]
EVENING = LAST.close + timedelta(hours=2)
BARS = 78


@pytest.fixture
def archive(tmp_path: Path) -> BarArchive:
    return BarArchive(tmp_path, 5, ReplayClock(EVENING))


def feeds_read(archive: BarArchive, *symbols: str) -> dict[str, int]:
    frame = archive.frame(symbols, SESSIONS[0].open, LAST.close)
    assert frame.select("symbol", "ts").is_unique().all()
    return dict(frame.group_by("feed").len().sort("feed").iter_rows())


@pytest.mark.parametrize(
    ("sources", "read"),
    [
        (("alpaca:iex", "alpaca:sip"), "alpaca:sip"),
        (("alpaca:iex", "yahoo"), "yahoo"),
        (("finnhub", "yahoo"), "yahoo"),
        (("yahoo", "file mine.csv"), "file"),
        (("a new one", "alpaca:iex"), "alpaca:iex"),
        (("b new", "a new"), "a new"),
    ],
)
def test_of_two_feeds_the_preferred_one_is_read_alone(
    archive: BarArchive, sources: tuple[str, str], read: str
) -> None:
    for source in sources:
        stored = archive.upsert(simulated(("AAPL",), SESSIONS, EVENING, source))
        assert stored == Stored(added=BARS * len(SESSIONS))
    assert feeds_read(archive, "AAPL") == {read: BARS * len(SESSIONS)}


def test_a_reader_may_prefer_another_feed_and_each_symbol_has_its_own(tmp_path: Path) -> None:
    archive = BarArchive(tmp_path, 5, ReplayClock(EVENING), preferred=("alpaca:iex",))
    archive.upsert(simulated(("AAPL", "MSFT"), SESSIONS, EVENING, "yahoo"))
    archive.upsert(simulated(("AAPL",), [LAST], EVENING, "alpaca:iex"))
    assert feeds_read(archive, "AAPL", "MSFT") == {"alpaca:iex": BARS, "yahoo": BARS * 4}
    _, choices = archive.chosen(archive.every_feed(None, SESSIONS[0].open, LAST.close))
    assert notes_of_feeds(choices) == (
        "bars of AAPL are of the feed alpaca:iex; 312 of yahoo are left out, for feeds are not"
        " mixed",
        "bars of MSFT are of the feed yahoo",
    )


def test_two_files_of_a_user_are_one_feed(archive: BarArchive) -> None:
    archive.upsert(simulated(("AAPL",), SESSIONS[:2], EVENING, "file old.csv"))
    archive.upsert(simulated(("AAPL",), SESSIONS[1:], EVENING, "file new.csv"))
    frame = archive.frame(None, SESSIONS[0].open, LAST.close)
    assert frame.group_by("source").len().sort("source").rows() == [
        ("file new.csv", BARS * 3),
        ("file old.csv", BARS),
    ]


def test_nothing_is_chosen_from_nothing() -> None:
    frame, choices = one_feed_each(pl.DataFrame(schema=SCHEMA))
    assert (len(frame), choices, notes_of_feeds(choices)) == (0, (), ())


def as_before_feeds(archive: BarArchive) -> list[Path]:
    """Write the archive's files as the versions did that knew no feeds."""
    files = sorted(archive.folder.glob("*.parquet"))
    for file in files:
        old = pl.read_parquet(file).select(COLUMNS_BEFORE_FEEDS)
        old.write_parquet(file, compression="zstd", row_group_size=30_000)
    return files


def test_an_archive_of_before_feeds_opens_and_goes_on(archive: BarArchive) -> None:
    archive.upsert(simulated(("AAPL",), SESSIONS, EVENING, "yahoo"))
    archive.upsert(simulated(("MSFT",), SESSIONS, EVENING, "file mine.csv"))
    months = as_before_feeds(archive)
    assert feeds_read(archive, "AAPL", "MSFT") == {"file": BARS * 4, "yahoo": BARS * 4}
    again = simulated(("AAPL",), SESSIONS, EVENING + timedelta(minutes=1), "yahoo")
    assert archive.upsert(again) == Stored(unchanged=BARS * 4)
    assert archive.upsert(simulated(("AAPL",), [LAST], EVENING, "alpaca:sip")).added == BARS
    # What was written to has the column now, and what was not is as it was.
    assert [pl.read_parquet_schema(file).names() for file in months] == [list(SCHEMA)] * 3
    assert feeds_read(archive, "MSFT") == {"file": BARS * 4}
    assert feeds_read(archive, "AAPL") == {"alpaca:sip": BARS}
