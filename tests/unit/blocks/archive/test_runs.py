"""The archive against a dictionary: any order of fetches, feeds, days, merges and interruptions."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.archive.archive import BarArchive
from blocks.archive.month import openings
from blocks.archive.month.news import Stored
from blocks.archive.month.runs import Sizes
from blocks.process.clocks import ReplayClock
from blocks.providers.fetched_bars import FetchedBars
from trading.market.bars import BarRows
from trading.market.calendar import to_microseconds

SYMBOLS = ("MSFT", "A", "BRK.B", "ZM")
FEEDS = ("yahoo", "alpaca:iex", "file a.csv")
# The last day of a month, the first two of the next.
DAYS = tuple(datetime(2025, 10, 31, tzinfo=UTC) + timedelta(days=n) for n in range(3))
OPEN = timedelta(hours=14, minutes=30)
BARS_A_DAY = 20
FIRST, END = DAYS[0], DAYS[-1] + timedelta(days=1)
# So small that few bars make several runs, merges by stretches, and a copy of the openings.
TINY = Sizes(small=12, at_once=40)

Key = tuple[str, int, str]


@dataclass(frozen=True)
class Piece:
    """Bars of some symbols on a day, of one feed; `price` makes a later fetch a revision."""

    symbols: tuple[int, ...]
    day: int
    first: int
    count: int
    feed: int
    price: int
    hours_after: int

    def fetched(self) -> FetchedBars:
        day = to_microseconds(DAYS[self.day] + OPEN)
        bars = range(self.first, min(self.first + self.count, BARS_A_DAY))
        rows = [(symbol, day + bar * 300_000_000) for bar in bars for symbol in self.symbols]
        code = np.array([symbol for symbol, _ in rows], dtype=np.int64)
        start_us = np.array([start for _, start in rows], dtype=np.int64)
        price = np.full(len(rows), float(self.price))
        volume = np.full(len(rows), 100.0 * (self.feed + 1))
        at = to_microseconds(END + timedelta(hours=self.hours_after))
        return FetchedBars(
            SYMBOLS, BarRows(code, start_us, price, price, price, price, volume),
            (FEEDS[self.feed],), np.zeros(len(rows), dtype=np.int64), np.full(len(rows), at),
        )  # fmt: skip


pieces = st.builds(
    Piece,
    st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True).map(tuple),
    st.integers(0, 2), st.integers(0, BARS_A_DAY - 1), st.integers(1, BARS_A_DAY),
    st.integers(0, 2), st.integers(1, 3), st.integers(0, 3),
)  # fmt: skip


@dataclass
class Model:
    """What the archive is to hold: by key the time of fetch, the price and the revisions."""

    bars: dict[Key, tuple[int, float, int]] = field(default_factory=dict)

    def upsert(self, fetched: FetchedBars) -> Stored:
        added = revised = unchanged = 0
        rows = fetched.rows
        for row in range(len(rows)):
            source = fetched.sources[fetched.source[row]]
            feed = "file" if source.startswith("file ") else source
            key = (fetched.symbols[rows.symbol[row]], int(rows.start_us[row]), feed)
            at, price = int(fetched.fetched_us[row]), float(rows.close[row])
            before = self.bars.get(key)
            if before is None:
                added += 1
                self.bars[key] = (at, price, 0)
                continue
            is_revised = at >= before[0] and price != before[1]
            revised += is_revised
            unchanged += not is_revised
            if at >= before[0]:
                self.bars[key] = (at, price, before[2] + is_revised)
        return Stored(added, revised, unchanged)


def held(archive: BarArchive) -> dict[Key, tuple[int, float, int]]:
    frame = archive.every_feed(None, FIRST, END)
    keys = frame.select("symbol", pl.col("ts").dt.epoch("us"), "feed").rows()
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys)
    values = frame.select(pl.col("fetched_at").dt.epoch("us"), "close", "revisions").rows()
    return dict(zip(keys, values, strict=True))


def archive_in(folder: str, today: datetime) -> BarArchive:
    return BarArchive(Path(folder), 5, ReplayClock(today), sizes=TINY)


@settings(max_examples=15, deadline=None)
@given(st.lists(pieces, min_size=1, max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_the_archive_holds_what_a_dictionary_would(
    fetches: Sequence[Piece], days_on: Sequence[int]
) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        on = 0
        for number, piece in enumerate(fetches):
            # Time goes on, and nobody has bars of tomorrow.
            on = max(on, piece.day, days_on[number] if number < len(days_on) else 0)
            archive = archive_in(folder, DAYS[0] + timedelta(days=on, hours=20))
            assert archive.upsert(piece.fetched()) == model.upsert(piece.fetched())
            assert held(archive) == model.bars


class Killed(BaseException):
    """The end of a process, which runs no handler of ours."""


@contextmanager
def killed_at(edge: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the process end at the edge-th thing that it does to the disk, before it is done."""
    left = edge

    def dying(name: str, work: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **kwargs: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed(name)
            # What is dead cleans nothing up.
            return work(*args, **kwargs) if left > 0 else None

        return step

    import os

    with patch.context() as patched:
        for name in ("fsync", "replace"):
            patched.setattr(os, name, dying(name, getattr(os, name)))
        patched.setattr(Path, "unlink", dying("unlink", Path.unlink))
        yield


@settings(max_examples=20, deadline=None)
@given(st.lists(pieces, min_size=1, max_size=5), pieces, st.integers(1, 14))
def test_a_process_that_ends_anywhere_in_an_upsert_leaves_old_or_new_bars_and_can_go_on(
    before: Sequence[Piece], last: Piece, edge: int
) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        archive = archive_in(folder, DAYS[1] + timedelta(hours=20))
        for piece in [replace(piece, day=min(piece.day, 1)) for piece in before]:
            archive.upsert(piece.fetched())
            model.upsert(piece.fetched())
        old = dict(model.bars)
        model.upsert(last.fetched())
        # A later day: what is unfolded is folded on the way.
        archive = archive_in(folder, DAYS[2] + timedelta(hours=20))
        try:
            with killed_at(edge, patch):
                archive.upsert(last.fetched())
        except Killed:
            pass
        left = held(archive)
        assert left.keys() >= old.keys()
        assert all(bar in (old.get(key), model.bars[key]) for key, bar in left.items())
        archive.upsert(last.fetched())
        assert {key: bar[:2] for key, bar in held(archive).items()} == {
            key: bar[:2] for key, bar in model.bars.items()
        }


def whole_day(day: int, price: int, hours_after: int) -> FetchedBars:
    return Piece((0, 1, 2, 3), day, 0, BARS_A_DAY, 0, price, hours_after).fetched()


def test_the_opening_of_a_day_is_read_from_its_copy_and_is_what_the_month_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = archive_in(str(tmp_path), END)
    archive.upsert(whole_day(1, 1, 0))
    archive.upsert(whole_day(2, 2, 0))
    month = archive.folder / "2025-11.parquet"
    opened = DAYS[2] + OPEN
    read: list[Path] = []
    reading = openings.read_bars_file

    def noted(file: Path, wanted: pl.Expr) -> pl.DataFrame:
        read.append(file)
        return reading(file, wanted)

    monkeypatch.setattr(openings, "read_bars_file", noted)
    frame = archive.frame(None, opened, opened + timedelta(minutes=15))
    assert [file.parent.name for file in read] == ["_openings"]
    # The month itself, out of reach of the copy, says the same.
    other = archive.frame(None, opened, opened + timedelta(hours=3))
    assert len(read) == 1
    assert frame.equals(other.filter(pl.col("ts") < opened + timedelta(minutes=15)))
    assert frame["close"].to_list() == [2.0] * 12
    assert month.exists()


def test_a_copy_of_the_openings_from_before_the_last_write_counts_for_nothing(
    tmp_path: Path,
) -> None:
    archive = archive_in(str(tmp_path), END)
    archive.upsert(whole_day(1, 1, 0))
    copy = archive.folder / "_openings" / "2025-11.parquet"
    old = copy.read_bytes()
    archive.upsert(whole_day(1, 3, 1))
    opened = DAYS[1] + OPEN
    for damaged in (old, old[: len(old) // 2], b""):
        copy.write_bytes(damaged)
        frame = archive.frame(None, opened, opened + timedelta(minutes=15))
        assert set(frame["close"]) == {3.0}
    copy.unlink()
    assert set(archive.frame(None, opened, opened + timedelta(minutes=15))["close"]) == {3.0}


def test_small_pieces_do_not_rewrite_a_large_month(tmp_path: Path) -> None:
    archive = archive_in(str(tmp_path), END)
    archive.upsert(whole_day(1, 1, 0))
    base = archive.folder / "2025-11.parquet"
    before = base.stat()
    archive.upsert(Piece((0,), 2, 0, 15, 0, 1, 0).fetched())
    assert base.stat().st_ino == before.st_ino
    assert (archive.folder / "2025-11.1.parquet").exists()
    for number in range(4):
        archive.upsert(Piece((0, 1, 2, 3), 2, number * 5, 5, 0, 1, 0).fetched())
    assert base.stat().st_ino != before.st_ino
    assert len(list(archive.folder.glob("2025-11*.parquet"))) <= 2


def test_what_is_older_than_what_is_there_begins_no_file(tmp_path: Path) -> None:
    archive = archive_in(str(tmp_path), END)
    archive.upsert(whole_day(1, 1, 3))
    assert archive.upsert(Piece((0,), 1, 0, 5, 0, 2, 1).fetched()) == Stored(unchanged=5)
    assert [file.name for file in archive.folder.glob("*.parquet")] == ["2025-11.parquet"]
