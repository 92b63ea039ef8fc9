"""A look at all symbols says what their bars say: openings, daily bars and closes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from blocks.archive.archive import BarArchive
from blocks.archive.bar_source import read_bars
from blocks.archive.month.runs import Sizes
from blocks.archive.universe import ArchiveUniverse, Look
from blocks.process.clocks import ReplayClock
from blocks.providers.fetched_bars import FetchedBars, Split
from trading.market.bars import BarRows, Floats
from trading.market.calendar import Session, make_grid, sessions_between, to_microseconds
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel

SYMBOLS = ("LOUD", "ODD", "A", "BRK.B", "ZM", "GONE")
# Over the end of a month, a half-day among them.
SESSIONS = tuple(sessions_between("NYSE", date(2025, 11, 24), date(2025, 12, 3)))
END = SESSIONS[-1].close + timedelta(days=1)
MINUTES = 30
OPENING = 60
QUIET = 0.2
# So small that few bars make a month of several runs, with copies.
TINY = Sizes(small=12, at_once=40)

Damage = Callable[[BarRows], BarRows]


def archive_at(folder: Path) -> BarArchive:
    return BarArchive(folder, MINUTES, ReplayClock(END), sizes=TINY)


def made_rows(seed: int = 1) -> BarRows:
    """Return bars with holes, a day that moves too far to be believed, and one without a bar."""
    rng = np.random.default_rng(seed)
    grid = make_grid(SESSIONS, MINUTES)
    shape = (grid.rows, len(SYMBOLS))
    close = np.round(20 * np.exp(np.cumsum(0.003 * rng.standard_normal(shape), axis=0)), 2)
    opened = np.round(close * (1 + 0.002 * rng.standard_normal(shape)), 2)
    high, low = np.maximum(opened, close) + 0.03, np.minimum(opened, close) - 0.04
    close[grid.first_row[2] + 5, 0] = high[grid.first_row[2] + 5, 0] = 40.0
    volume = np.floor(np.exp(9 + rng.standard_normal(shape)))
    kept = rng.random(shape) > 0.1
    kept[grid.first_row[3] : grid.first_row[4], 5] = False
    kept[grid.first_row[1] : grid.first_row[1] + 2, 3] = False
    row, symbol = np.nonzero(kept)
    prices = (values[row, symbol] for values in (opened, high, low, close, volume))
    return BarRows(symbol, grid.start_us[row], *prices, MINUTES)


def fetched(rows: BarRows, feed: str = "yahoo", hours: int = 0) -> FetchedBars:
    nothing = np.zeros(len(rows), dtype=np.int64)
    moment = to_microseconds(END + timedelta(hours=hours))
    return FetchedBars(SYMBOLS, rows, (feed,), nothing, nothing + moment)


def by_session(archive: BarArchive) -> None:
    """Store the bars as they come: a session, then the next."""
    rows = made_rows()
    for session in SESSIONS:
        of_session = (rows.start_us >= to_microseconds(session.open)) & (
            rows.start_us < to_microseconds(session.close)
        )
        archive.upsert(fetched(rows.take(of_session)))


def at_once(archive: BarArchive) -> None:
    """Store all, so that each month is one file with copies."""
    archive.upsert(fetched(made_rows()))


def without_copies(archive: BarArchive) -> None:
    """Store all, and lose the copies of what days come to and of openings."""
    at_once(archive)
    shutil.rmtree(archive.folder / "_days")
    shutil.rmtree(archive.folder / "_openings")


def with_feeds(archive: BarArchive) -> None:
    """Store bars of a second feed, which counts for one symbol only."""
    rows = made_rows()
    archive.upsert(fetched(rows.take(rows.symbol != 4)))
    archive.upsert(fetched(made_rows(2), "alpaca:iex"))


def with_a_split(archive: BarArchive) -> None:
    """Store bars, one symbol's of before a split among them."""
    moment = to_microseconds(SESSIONS[4].open)
    rows = made_rows()
    at = np.full(len(rows), to_microseconds(SESSIONS[3].close))
    piece = replace(fetched(rows), fetched_us=at, splits=(Split("A", moment, 2.0),))
    archive.upsert(piece)


def damaged(damage: Damage) -> Callable[[BarArchive], None]:
    return lambda archive: archive.upsert(fetched(damage(made_rows()))) and None


def with_fractions(rows: BarRows) -> BarRows:
    """Return volumes of which one symbol's are fractions, whose sum depends on their order."""
    return replace(rows, volume=rows.volume + np.where(rows.symbol == 1, 0.1, 0.0))


def with_invalid_bars(rows: BarRows) -> BarRows:
    """Return bars of which some have a high below their low, or no price."""
    bad = (rows.symbol == 1) & (np.arange(len(rows)) % 3 == 0)
    low = np.where(bad, rows.high + 1, rows.low)
    return replace(rows, low=low, close=np.where(bad & (rows.start_us % 7 == 0), 0, rows.close))


def with_bars_before_the_open(rows: BarRows) -> BarRows:
    """Return one symbol's bars with the first of each day half a day early."""
    early = (rows.symbol == 1) & (np.arange(len(rows)) % 5 == 0)
    return replace(rows, start_us=rows.start_us - np.where(early, 6 * 3_600_000_000, 0))


def not_rounded(rows: BarRows) -> BarRows:
    """Return prices with more digits than the engine knows."""
    return replace(rows, high=rows.high + 0.00004, low=rows.low - 0.00003)


ARCHIVES = {
    "at once": at_once,
    "by session": by_session,
    "without copies": without_copies,
    "two feeds": with_feeds,
    "a split": with_a_split,
    "fractions": damaged(with_fractions),
    "invalid": damaged(with_invalid_bars),
    "before the open": damaged(with_bars_before_the_open),
    "not rounded": damaged(not_rounded),
}


def panel_of(rows: BarRows, sessions: tuple[Session, ...], symbols: tuple[str, ...]) -> Panel:
    inside = rows.start_us < to_microseconds(sessions[-1].close)
    inside &= rows.start_us >= to_microseconds(sessions[0].open)
    return make_panel(rows.take(inside), make_grid(sessions, MINUTES), symbols)


def days(panel: Panel) -> Floats:
    """Return the first open, high, low, last close and volume of each session and symbol."""
    found = []
    for begin, end in zip(panel.grid.first_row, panel.grid.first_row[1:], strict=False):
        opened, high, low, close, volume = (values[begin:end] for values in panel.prices)
        there = ~np.isnan(close)
        first, last = there.argmax(axis=0), len(close) - 1 - there[::-1].argmax(axis=0)
        symbols = np.arange(close.shape[1])
        found.append(
            [
                opened[first, symbols], np.fmax.reduce(high), np.fmin.reduce(low),
                close[last, symbols], np.nansum(volume, axis=0),
            ]
        )  # fmt: skip
    return np.array(found)


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_look_says_what_the_bars_say(name: str, tmp_path: Path) -> None:
    archive = archive_at(tmp_path)
    ARCHIVES[name](archive)
    universe = ArchiveUniverse(archive, None, END)
    plain = read_bars(archive.folder, None)
    assert universe.symbols == plain.symbols

    # As a run looks: some sessions of a month, and some over the end of one.
    for sessions in (SESSIONS[:3], SESSIONS[3:]):
        look = Look(sessions, OPENING, QUIET)
        rows, loud = universe.at_rest(look)
        seen = panel_of(rows, sessions, universe.symbols)
        whole = panel_of(plain.blocks[0], sessions, universe.symbols)

        assert np.array_equal(days(seen), days(whole), equal_nan=True)
        # The account of what was not read: few days are whole.
        assert len(loud) < 0.4 * len(sessions) * len(SYMBOLS)
        symbols = loud["symbol"].to_list()
        where = dict(zip(loud.rows(), range(len(loud)), strict=True))
        assert len(where) == len(symbols)
        for number, session in enumerate(sessions):
            begin, end = whole.grid.first_row[number : number + 2]
            for s, symbol in enumerate(universe.symbols):
                is_whole = (symbol, session.date) in where
                until = end if is_whole else begin + OPENING // MINUTES
                for one, other in zip(seen.prices, whole.prices, strict=True):
                    assert np.array_equal(
                        one[begin:until, s], other[begin:until, s], equal_nan=True
                    )
                # What stands for the rest is one bar.
                assert is_whole or np.count_nonzero(~np.isnan(seen.close[until:end, s])) <= 1


@pytest.mark.parametrize("name", ARCHIVES)
def test_whole_days_are_the_bars_of_the_archive(name: str, tmp_path: Path) -> None:
    archive = archive_at(tmp_path)
    ARCHIVES[name](archive)
    universe = ArchiveUniverse(archive, None, END)
    look = Look(SESSIONS, OPENING, QUIET)
    pairs = [("ODD", SESSIONS[0]), ("A", SESSIONS[2]), ("ZM", SESSIONS[-1])]
    seen = panel_of(universe.whole_days(look, pairs), SESSIONS, universe.symbols)
    whole = panel_of(read_bars(archive.folder, None).blocks[0], SESSIONS, universe.symbols)
    expected = np.full_like(whole.close, np.nan)
    for symbol, session in pairs:
        number, s = SESSIONS.index(session), universe.symbols.index(symbol)
        rows = slice(*whole.grid.first_row[number : number + 2])
        expected[rows, s] = whole.close[rows, s]

    assert np.array_equal(seen.close, expected, equal_nan=True)


def test_a_day_that_may_hold_a_bar_to_reject_is_read_whole(tmp_path: Path) -> None:
    archive = archive_at(tmp_path)
    at_once(archive)
    look = Look(SESSIONS[:3], OPENING, QUIET)

    assert ArchiveUniverse(archive, None, END).at_rest(look)[1].rows() == [
        ("LOUD", SESSIONS[2].date)
    ]
    calm = replace(look, quiet=np.inf)
    assert ArchiveUniverse(archive, None, END).at_rest(calm)[1].is_empty()


def test_copies_are_read_and_a_copy_of_an_older_state_counts_for_nothing(tmp_path: Path) -> None:
    archive = archive_at(tmp_path)
    at_once(archive)
    copy = archive.folder / "_days" / "2025-11.parquet"
    old = copy.read_bytes()
    archive.upsert(fetched(made_rows(3), hours=1))
    assert copy.read_bytes() != old
    for content in (copy.read_bytes(), old, old[: len(old) // 2], b""):
        copy.write_bytes(content)
        universe = ArchiveUniverse(archive, None, END)
        rows, _ = universe.at_rest(Look(SESSIONS[:3], OPENING, QUIET))
        seen = panel_of(rows, SESSIONS[:3], universe.symbols)
        plain = read_bars(archive.folder, None).blocks[0]
        whole = panel_of(plain, SESSIONS[:3], universe.symbols)
        assert np.array_equal(days(seen), days(whole), equal_nan=True)


def test_who_has_no_bar_in_the_archive_is_named(tmp_path: Path) -> None:
    archive = archive_at(tmp_path)
    at_once(archive)

    universe = ArchiveUniverse(archive, ["ZM", "NONE", "A"], END)

    assert universe.symbols == ("ZM", "NONE", "A")
    assert universe.absent == ("NONE",)
