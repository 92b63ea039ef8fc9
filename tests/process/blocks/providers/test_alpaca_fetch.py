"""Years of Alpaca's bars into the archive: each page is asked for once, whatever breaks it off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from blocks.archive.archive import BarArchive
from blocks.archive.backfill import Backfill, Outcome
from blocks.markets.random_walk import simulated_rows
from blocks.process.clocks import ReplayClock
from blocks.providers.access import Adjustment, AlpacaAccess, Feed
from blocks.providers.alpaca.market import AlpacaMarket
from blocks.providers.errors import NothingThere
from blocks.providers.fetched_bars import FetchedBars, PieceSize, Split
from blocks.providers.page_store import PageStore
from tests.process.blocks.providers.outcomes import rows_as_lists
from tests.servers import alpaca_server as alpaca
from tests.servers.alpaca_server import AlpacaServer
from trading.market.bars import BarRows
from trading.market.calendar import Session, sessions_between, to_microseconds

KEYS = ("PLANTEDALPACAKEY02", "planted-alpaca-secret-5eed")
SYMBOLS = ("AAPL", "KO", "MSFT")
# Two months, so that there are two pieces for each group of symbols.
SESSIONS = sessions_between("NYSE", date(2025, 5, 20), date(2025, 6, 12))
ROWS = simulated_rows(SYMBOLS, SESSIONS, 5, seed=3)
PAGE_ROWS = 300


class Killed(BaseException):
    """The process is gone: nothing of ours may rely on hearing of it."""


class Mortal(BarArchive):
    """An archive in a process that dies once bars were stored for the nth time."""

    dies_after: int | None = None

    def upsert(self, fetched: FetchedBars) -> Any:
        stored = super().upsert(fetched)
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after == 0:
                raise Killed
        return stored


@dataclass
class World:
    server: AlpacaServer
    data_dir: Path
    now: datetime = SESSIONS[-1].close + timedelta(hours=8)
    told: list[tuple[int, int]] = field(default_factory=list)

    def fetch(
        self,
        *,
        symbols: tuple[str, ...] = SYMBOLS,
        sessions: list[Session] = SESSIONS,
        dies_at_request: int | None = None,
        dies_after_storing: int | None = None,
    ) -> Outcome:
        left = dies_at_request

        def acquire() -> None:
            nonlocal left
            if left is not None:
                left -= 1
                if left == 0:
                    raise Killed

        clock = ReplayClock(self.now)
        access = AlpacaAccess(*map(SecretStr, KEYS), Feed.SIP, data_url=self.server.url)
        market = AlpacaMarket(
            access, "NYSE", 5, clock, acquire=acquire, patience_s=0,
            pages=PageStore(self.data_dir / "bars" / ".pages"),
        )  # fmt: skip
        archive = Mortal(self.data_dir, 5, clock)
        archive.dies_after = dies_after_storing
        piece = PieceSize(2, period="%Y-%m", remembered_as=access.source)
        backfill = Backfill(archive, market, "NYSE", clock, piece)
        self.told.clear()
        return backfill.run(
            symbols, sessions, lambda _, done, total: self.told.append((done, total))
        )

    def stored(self) -> list[list[Any]]:
        archive = BarArchive(self.data_dir, 5, ReplayClock(self.now))
        return rows_as_lists(archive.rows(SYMBOLS, SESSIONS[0].open, SESSIONS[-1].close), SYMBOLS)

    def leftovers(self) -> list[Path]:
        return [*self.data_dir.rglob("*.npz"), *self.data_dir.rglob("*.partial")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with AlpacaServer(ROWS, SYMBOLS, KEYS, minutes=5, page_rows=PAGE_ROWS).running() as server:
        yield World(server, tmp_path)


def all_pages(rows: BarRows) -> int:
    """Return how many pages there are: two symbols, then one, of each month."""
    count = 0
    for month in (5, 6):
        days = sum(session.date.month == month for session in SESSIONS)
        for symbols in (2, 1):
            count += -(-symbols * days * (78 + 2) // PAGE_ROWS)
    return count


PAGES = all_pages(ROWS)


def test_a_whole_fetch_asks_for_each_page_once_and_leaves_nothing_lying_about(
    world: World,
) -> None:
    outcome = world.fetch()
    assert world.stored() == rows_as_lists(ROWS, SYMBOLS)
    assert sum(world.server.answered.values()) == len(world.server.answered) == PAGES
    assert world.leftovers() == []
    assert outcome.stored.added == len(ROWS)
    assert (outcome.failures, outcome.notes) == ({}, [])
    # As symbols and sessions, of which it was told before each question.
    assert [done for done, _ in world.told] == sorted(done for done, _ in world.told)
    assert {total for _, total in world.told} == {len(SYMBOLS) * len(SESSIONS)}


@pytest.mark.parametrize("every", [2, 3, 5, 8])
def test_whenever_it_is_killed_each_page_is_asked_for_once(world: World, every: int) -> None:
    kills = 0
    while True:
        try:
            world.fetch(dies_at_request=every)
        except Killed:
            kills += 1
            assert kills < 5 * PAGES
        else:
            break
    assert kills >= 2
    assert world.stored() == rows_as_lists(ROWS, SYMBOLS)
    assert sum(world.server.answered.values()) == len(world.server.answered) == PAGES
    assert world.leftovers() == []


def test_killed_between_storing_and_noting_it_asks_nothing_again(world: World) -> None:
    for _ in range(2):
        with pytest.raises(Killed):
            world.fetch(dies_after_storing=1)
        answered = sum(world.server.answered.values())
        with pytest.raises(Killed):
            world.fetch(dies_at_request=1)
        assert sum(world.server.answered.values()) == answered
    world.fetch()
    assert sum(world.server.answered.values()) == len(world.server.answered) == PAGES
    assert world.stored() == rows_as_lists(ROWS, SYMBOLS)
    assert world.leftovers() == []


@pytest.mark.parametrize("part", [slice(3, None), slice(0, 5), slice(4, 9), slice(6, 7)])
def test_a_part_of_what_was_fetched_is_asked_for_no_more(world: World, part: slice) -> None:
    world.fetch()
    asked = sum(world.server.answered.values())
    outcome = world.fetch(sessions=SESSIONS[part])
    assert sum(world.server.answered.values()) == asked
    assert outcome.sessions_before == len(SYMBOLS) * len(SESSIONS[part])
    outcome = world.fetch(symbols=SYMBOLS[1:], sessions=SESSIONS[part])
    assert sum(world.server.answered.values()) == asked


def test_the_next_evening_only_the_new_session_is_asked_for(world: World) -> None:
    world.now = SESSIONS[-1].open - timedelta(hours=8)
    world.fetch(sessions=SESSIONS[:-1])
    world.server.answered.clear()
    world.now = SESSIONS[-1].close + timedelta(hours=1)
    outcome = world.fetch()
    assert outcome.sessions_before == len(SYMBOLS) * (len(SESSIONS) - 1)
    starts = {question.partition("start=")[2][:10] for question, _ in world.server.answered}
    assert starts == {str(SESSIONS[-1].date)}
    assert world.stored() == rows_as_lists(ROWS, SYMBOLS)


def test_a_session_that_has_just_ended_is_asked_for_again_once_it_has_settled(
    world: World,
) -> None:
    world.now = SESSIONS[-1].close + timedelta(minutes=1)
    world.fetch()
    world.now += timedelta(hours=1)
    assert world.fetch().sessions_before == len(SYMBOLS) * (len(SESSIONS) - 1)
    assert world.fetch().sessions_before == len(SYMBOLS) * len(SESSIONS)


def test_a_symbol_that_was_not_listed_is_asked_for_once_and_fails_only_without_any_bar(
    world: World,
) -> None:
    symbols = ("AAPL", "NOPE")
    first = world.fetch(symbols=symbols)
    assert list(first.failures) == ["NOPE"]
    assert isinstance(first.failures["NOPE"], NothingThere)
    asked = len(world.server.server.requests)
    again = world.fetch(symbols=symbols)
    assert len(world.server.server.requests) == asked
    assert again.sessions_before == 2 * len(SESSIONS)


def test_a_symbol_listed_in_between_is_no_failure(tmp_path: Path) -> None:
    listed = SESSIONS[12].open.timestamp() * 1e6
    rows = ROWS.take((ROWS.symbol != 1) | (ROWS.start_us >= listed))
    with AlpacaServer(rows, SYMBOLS, KEYS, minutes=5).running() as server:
        world = World(server, tmp_path)
        outcome = world.fetch()
        assert outcome.failures == {}
        assert outcome.coverage[1].expected - outcome.coverage[1].present == 12 * 78
        assert outcome.coverage[1].missing[0] == SESSIONS[0].open
        assert world.stored() == rows_as_lists(rows, SYMBOLS)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (alpaca.BAD_KEY, "Check ALPACA_API_KEY"),
        (alpaca.NOT_IN_PLAN, "does not cover the feed sip"),
        (alpaca.TOO_MANY, "too many requests"),
    ],
)
def test_who_refuses_all_is_asked_once_and_the_fetch_says_that_it_goes_on(
    world: World, answer: Any, words: str
) -> None:
    world.server.server.script("bars", *[None] * 3)
    world.server.server.always("bars", answer)
    outcome = world.fetch()
    assert len(world.server.server.asked("bars")) == 4
    assert all(words in str(failure) for failure in outcome.failures.values())
    assert "the same command goes on there" in outcome.notes[-1]
    world.server.server.always("bars", None)
    world.fetch()
    assert world.stored() == rows_as_lists(ROWS, SYMBOLS)
    assert sum(world.server.answered.values()) == len(world.server.answered) == PAGES


def test_a_line_that_a_crash_cut_short_counts_as_not_asked(world: World) -> None:
    world.fetch()
    file = world.data_dir / "bars" / "5m" / "_asked.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    outcome = world.fetch()
    assert 0 < outcome.sessions_before < len(SYMBOLS) * len(SESSIONS)
    assert outcome.stored.revised == 0
    assert world.fetch().sessions_before == len(SYMBOLS) * len(SESSIONS)


def test_bars_that_somebody_moved_away_are_asked_for_again(world: World) -> None:
    world.fetch()
    for file in (world.data_dir / "bars" / "5m").glob("2025-05*.parquet"):
        file.unlink()
    days = sum(session.date.month == 5 for session in SESSIONS)
    outcome = world.fetch()
    assert outcome.stored.added == len(SYMBOLS) * days * 78
    assert outcome.sessions_before == len(SYMBOLS) * (len(SESSIONS) - days)
    assert world.stored() == rows_as_lists(ROWS, SYMBOLS)


@pytest.mark.parametrize(
    ("adjustment", "price"), [(Adjustment.SPLIT, 10.0), (Adjustment.RAW, 100.0)]
)
def test_a_split_after_the_fetch_changes_prices_but_for_who_asked_for_raw_ones(
    tmp_path: Path, adjustment: Adjustment, price: float
) -> None:
    clock = ReplayClock(SESSIONS[-1].open)
    access = AlpacaAccess(*map(SecretStr, KEYS), Feed.SIP, adjustment)
    archive = BarArchive(tmp_path, 5, clock)
    rows = ROWS.take((ROWS.symbol == 0) & (ROWS.start_us == ROWS.start_us.min()))
    hundred = np.full(1, 100.0)
    rows = replace(rows, open=hundred, high=hundred, low=hundred, close=hundred)
    split = Split("AAPL", to_microseconds(SESSIONS[5].open), 10.0)
    archive.upsert(
        FetchedBars(
            ("AAPL",), rows, (access.source,), np.zeros(1, dtype=np.int64),
            np.array([to_microseconds(SESSIONS[0].close)]), splits=(split,),
        )
    )  # fmt: skip
    stored = archive.rows(("AAPL",), SESSIONS[0].open, SESSIONS[1].open)
    assert stored.close.tolist() == [price]
