"""Filling the archive: what is asked for again, what is not, and what is missing in the end."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from blocks.archive.archive import BarArchive
from blocks.archive.backfill import Backfill
from blocks.archive.month.news import Stored
from blocks.process.clocks import ReplayClock
from blocks.providers.errors import NotConnected, RangeTooLong
from blocks.providers.fetched_bars import FetchedBars, no_bars
from tests.unit.blocks.providers.fetched import simulated
from trading.market.calendar import sessions_between, to_microseconds

SYMBOLS = tuple(f"S{number:02d}" for number in range(10))
SESSIONS = sessions_between("NYSE", date(2025, 10, 1), date(2025, 11, 4))
LAST = SESSIONS[-1]
EVENING = LAST.close + timedelta(hours=1)


class FakeProvider:
    """All bars but those of some symbols, and those with a hole."""

    name = "yahoo"
    feeds = ("yahoo",)

    def __init__(self, clock: ReplayClock) -> None:
        self.clock = clock
        self.down: set[str] = set()
        self.hole: datetime | None = None
        self.too_long = False
        self.asked: list[tuple[tuple[str, ...], date, date]] = []

    def fetch(self, symbols: tuple[str, ...], start: datetime, end: datetime) -> FetchedBars:
        self.asked.append((tuple(symbols), start.date(), end.date()))
        if self.too_long:
            return no_bars(symbols, dict.fromkeys(symbols, RangeTooLong("too long ago", "Later")))
        now = self.clock.now()
        up = [symbol for symbol in symbols if symbol not in self.down]
        bars = simulated(SYMBOLS, [s for s in SESSIONS if start <= s.open < end], now)
        bars = bars.of(up)
        kept = bars.rows.start_us + 5 * 60_000_000 <= to_microseconds(now)
        if self.hole is not None:
            kept &= bars.rows.start_us != to_microseconds(self.hole)
        down = {symbol: NotConnected("down", "Wait") for symbol in symbols if symbol in self.down}
        return bars.keep(np.asarray(kept)).failing(down)


@pytest.fixture
def clock() -> ReplayClock:
    return ReplayClock(EVENING)


@pytest.fixture
def provider(clock: ReplayClock) -> FakeProvider:
    return FakeProvider(clock)


@pytest.fixture
def backfill(tmp_path: Path, clock: ReplayClock, provider: FakeProvider) -> Backfill:
    return Backfill(BarArchive(tmp_path, 5, clock), provider, "NYSE", clock)


def test_long_ranges_and_many_symbols_are_asked_for_in_pieces(
    backfill: Backfill, provider: FakeProvider
) -> None:
    told: list[tuple[int, int]] = []
    outcome = backfill.run(SYMBOLS, SESSIONS, lambda step, done, total: told.append((done, total)))
    assert outcome.stored == Stored(added=78 * len(SESSIONS) * len(SYMBOLS))
    assert [len(symbols) for symbols, _, _ in provider.asked] == [8, 2, 8, 2]
    # As symbols and sessions, of which the last piece has five.
    assert told == [(0, 250), (160, 250), (200, 250), (240, 250)]
    assert all(coverage.missing == () for coverage in outcome.coverage)


def test_what_was_fetched_after_the_close_is_not_asked_for_again(
    backfill: Backfill, provider: FakeProvider
) -> None:
    backfill.run(SYMBOLS, SESSIONS)
    provider.asked.clear()
    outcome = backfill.run(SYMBOLS, SESSIONS)
    assert provider.asked == []
    assert outcome.sessions_before == len(SESSIONS) * len(SYMBOLS)


def test_a_session_that_was_fetched_while_it_ran_is_asked_for_again(
    backfill: Backfill, provider: FakeProvider, clock: ReplayClock
) -> None:
    clock._now = LAST.bar_end(9, 5)
    during = backfill.run(SYMBOLS[:1], SESSIONS[-2:])
    assert (during.coverage[0].expected, during.coverage[0].present) == (88, 88)
    clock._now = EVENING
    provider.asked.clear()
    after = backfill.run(SYMBOLS[:1], SESSIONS[-2:])
    assert provider.asked == [(("S00",), LAST.date, LAST.date)]
    assert after.stored == Stored(added=68, unchanged=10)


def test_a_failed_symbol_is_asked_for_next_time_alone(
    backfill: Backfill, provider: FakeProvider
) -> None:
    provider.down = {"S03"}
    outcome = backfill.run(SYMBOLS[:5], SESSIONS[-2:])
    assert list(outcome.failures) == ["S03"]
    assert [coverage.present for coverage in outcome.coverage] == [156, 156, 156, 0, 156]
    provider.down, provider.asked = set(), []
    backfill.run(SYMBOLS[:5], SESSIONS[-2:])
    assert [symbols for symbols, _, _ in provider.asked] == [("S03",)]


def test_a_hole_is_shown_and_not_asked_for_for_ever(
    backfill: Backfill, provider: FakeProvider
) -> None:
    provider.hole = LAST.bar_start(7, 5)
    outcome = backfill.run(SYMBOLS[:1], SESSIONS[-2:])
    assert outcome.coverage[0].missing == (LAST.bar_start(7, 5),)
    provider.asked.clear()
    assert backfill.run(SYMBOLS[:1], SESSIONS[-2:]).coverage[0].missing == (LAST.bar_start(7, 5),)
    assert provider.asked == []


def test_a_range_that_is_too_long_for_everything_is_raised(
    backfill: Backfill, provider: FakeProvider
) -> None:
    provider.too_long = True
    with pytest.raises(RangeTooLong):
        backfill.run(SYMBOLS, SESSIONS)


def test_sessions_that_have_not_begun_are_left_for_later(
    backfill: Backfill, provider: FakeProvider, clock: ReplayClock
) -> None:
    clock._now = LAST.open - timedelta(hours=1)
    outcome = backfill.run(SYMBOLS[:1], SESSIONS[-2:])
    assert provider.asked == [(("S00",), SESSIONS[-2].date, SESSIONS[-2].date)]
    assert outcome.coverage[0].expected == 78


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_file_that_was_cut_short_is_set_aside_and_its_sessions_are_fetched_again(
    backfill: Backfill, provider: FakeProvider, tmp_path: Path, kept: float
) -> None:
    backfill.run(SYMBOLS[:3], SESSIONS)
    october = tmp_path / "bars" / "5m" / "2025-10.parquet"
    content = october.read_bytes()
    october.write_bytes(content[: int(len(content) * kept)])
    provider.asked.clear()
    outcome = backfill.run(SYMBOLS[:2], SESSIONS)
    assert [str(october) in note for note in outcome.notes] == [True]
    assert outcome.stored == Stored(added=78 * 2 * (len(SESSIONS) - 2))
    assert {last for _, _, last in provider.asked} <= {SESSIONS[19].date, SESSIONS[-3].date}
    assert all(coverage.missing == () for coverage in outcome.coverage)
    aside = tmp_path / "bars" / "5m" / "_damaged" / "2025-10.parquet.0"
    assert aside.read_bytes() == content[: int(len(content) * kept)]


def test_damage_that_only_storing_finds_is_mended_as_well(
    backfill: Backfill, provider: FakeProvider, tmp_path: Path
) -> None:
    backfill.run(("S03",), SESSIONS[:20])
    october = tmp_path / "bars" / "5m" / "2025-10.parquet"
    content = bytearray(october.read_bytes())
    # The prices of S03, which a fetch of S00 does not read, but has to write again.
    content[5_000:15_000] = bytes(10_000)
    october.write_bytes(content)
    outcome = backfill.run(("S00",), SESSIONS[:20])
    assert len(outcome.notes) == 1
    assert outcome.coverage[0].missing == ()
    again = backfill.run(("S03",), SESSIONS[:20])
    assert again.coverage[0].missing == ()


def test_bars_of_another_feed_do_not_count_as_held(
    backfill: Backfill, provider: FakeProvider, tmp_path: Path, clock: ReplayClock
) -> None:
    archive = BarArchive(tmp_path, 5, clock)
    archive.upsert(simulated(("S00",), SESSIONS, EVENING, "alpaca:iex"))
    outcome = backfill.run(("S00",), SESSIONS[-2:])
    assert outcome.sessions_before == 0
    assert outcome.stored == Stored(added=156)
    assert outcome.coverage[0].sources == {"yahoo": 156}


def test_a_session_that_only_another_provider_of_the_chain_gave_is_asked_for_again(
    tmp_path: Path, clock: ReplayClock, provider: FakeProvider
) -> None:
    provider.feeds = ("yahoo", "finnhub")
    archive = BarArchive(tmp_path, 5, clock)
    backfill = Backfill(archive, provider, "NYSE", clock)
    archive.upsert(simulated(("S00",), SESSIONS[-3:-1], EVENING, "yahoo"))
    archive.upsert(simulated(("S00",), SESSIONS[-1:], EVENING, "finnhub"))
    outcome = backfill.run(("S00",), SESSIONS[-3:])
    assert provider.asked == [(("S00",), LAST.date, LAST.date)]
    assert outcome.coverage[0].present == 3 * 78
    assert outcome.coverage[0].sources == {"yahoo": 3 * 78, "finnhub": 78}
