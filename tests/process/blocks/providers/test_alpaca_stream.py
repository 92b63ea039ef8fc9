"""The real StockDataStream against a socket that speaks Alpaca's protocol, by the test's clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from blocks.markets.random_walk import simulated_rows
from blocks.process.clocks import ReplayClock
from blocks.providers.access import AlpacaAccess, Feed
from blocks.providers.alpaca.stream import AlpacaStream
from blocks.providers.errors import NotInPlan, Unauthorized
from blocks.providers.fetched_bars import FetchedBars
from tests.process.blocks.providers.outcomes import rows_as_lists
from tests.process.blocks.providers.pauses import LIMIT_SECONDS, Pauses
from tests.servers.alpaca_server import AlpacaServer
from trading.market.bars import BarRows
from trading.market.calendar import sessions_between, to_microseconds

KEYS = ("PLANTEDALPACAKEY04", "planted-alpaca-secret-cafe")
SYMBOLS = ("AAPL", "BRK-B")
NAMES = ("AAPL", "BRK.B")
(SESSION,) = sessions_between("NYSE", date(2025, 6, 3), date(2025, 6, 3))
MINUTES = simulated_rows(SYMBOLS, [SESSION], 1, seed=4)
BARS = simulated_rows(SYMBOLS, [SESSION], 5, seed=4)


@dataclass
class World:
    server: AlpacaServer
    clock: ReplayClock
    stream: AlpacaStream
    pauses: Pauses
    sent: int = 0
    next_row: int = 0
    rows: BarRows = field(default_factory=lambda: MINUTES.take(np.argsort(MINUTES.start_us)))

    def at(self, moment: datetime) -> None:
        """Let it be a time, and every minute that ended by then be sent and heard."""
        while self.next_row < len(self.rows):
            end_us = int(self.rows.start_us[self.next_row]) + 60_000_000
            if end_us > to_microseconds(moment):
                break
            stop = int(np.searchsorted(self.rows.start_us, end_us - 60_000_000, "right"))
            self.clock._now = SESSION.open + timedelta(
                microseconds=end_us - to_microseconds(SESSION.open)
            )
            self.send(self.rows.take(slice(self.next_row, stop)))
            self.next_row = stop
        self.clock._now = moment

    def send(self, rows: BarRows, kind: str = "b") -> None:
        self.server.socket.send_bars(rows, NAMES, kind)
        self.sent += len(rows)
        self.wait_for("trades", self.sent)

    def wait_for(self, name: str, value: int) -> None:
        def is_there() -> bool:
            found = getattr(self.stream, name)
            return bool(found is value if isinstance(value, bool) else found >= value)

        with self.stream.changed:
            assert self.stream.changed.wait_for(is_there, LIMIT_SECONDS), f"{name} never {value}"

    def connect(self, times: int = 1) -> None:
        self.server.socket.wait_for_subscriptions(times, len(SYMBOLS))
        self.wait_for("connections", times)

    def fetch(self, first: int, last: int) -> FetchedBars:
        return self.stream.fetch(
            SYMBOLS, SESSION.bar_start(first, 5), SESSION.bar_start(last + 1, 5)
        )

    def starts(self, fetched: FetchedBars, symbol: int = 0) -> set[int]:
        """Return the numbers of the bars that a symbol got."""
        mine = fetched.rows.take(fetched.rows.symbol == symbol).start_us
        return {int(us - to_microseconds(SESSION.open)) // 300_000_000 for us in mine}


@pytest.fixture
def world() -> Iterator[World]:
    with AlpacaServer(MINUTES, NAMES, KEYS).running() as server:
        access = AlpacaAccess(*map(SecretStr, KEYS), Feed.IEX, data_url=server.url)
        clock, pauses = ReplayClock(SESSION.open - timedelta(minutes=5)), Pauses()
        stream = AlpacaStream(access, SYMBOLS, "NYSE", 5, clock, wait=pauses, jitter=lambda: 0.5)
        try:
            yield World(server, clock, stream, pauses)
        finally:
            pauses.end_all()
            stream.close()


def expected(first: int, last: int) -> list[list[Any]]:
    begin, end = (to_microseconds(SESSION.bar_start(bar, 5)) for bar in (first, last + 1))
    return rows_as_lists(BARS.take((BARS.start_us >= begin) & (BARS.start_us < end)), SYMBOLS)


def test_minutes_become_the_bars_of_the_feed_that_they_are_of(world: World) -> None:
    world.stream.start()
    world.connect()
    world.at(SESSION.bar_end(6, 5))
    fetched = world.fetch(0, 6)
    assert rows_as_lists(fetched.rows, SYMBOLS) == expected(0, 6)
    assert (fetched.sources, fetched.failures) == (("alpaca:iex",), {})
    assert world.server.socket.paths == ["/v2/iex"]
    assert not any(word in f"{world.stream!r} {vars(world.stream)}" for word in KEYS)
    # What comes for a bar that was given out is counted, and changes nothing.
    late = world.rows.take(slice(0, 1))
    world.send(late, "u")
    assert rows_as_lists(world.fetch(0, 6).rows, SYMBOLS) == expected(0, 6)
    assert world.stream._bars is not None
    assert world.stream._bars.late == {"AAPL": 1}


def test_a_minute_that_is_sent_again_before_the_bar_is_taken_counts_as_it_is_then(
    world: World,
) -> None:
    world.stream.start()
    world.connect()
    wrong = world.rows.take(slice(0, 2))
    world.send(BarRows(wrong.symbol, wrong.start_us, *[wrong.open + 1] * 4, wrong.volume))
    world.at(SESSION.bar_end(0, 5))
    assert rows_as_lists(world.fetch(0, 0).rows, SYMBOLS) == expected(0, 0)


def test_a_bar_without_its_last_minute_is_left_to_who_knows_better(world: World) -> None:
    world.rows = world.rows.take(
        ~(
            (world.rows.symbol == 1)
            & (world.rows.start_us == to_microseconds(SESSION.bar_end(2, 5)) - 60_000_000)
        )
    )
    world.stream.start()
    world.connect()
    world.at(SESSION.bar_end(3, 5))
    fetched = world.fetch(2, 2)
    assert world.starts(fetched, 0) == {2}
    assert list(fetched.failures) == ["BRK-B"]
    assert world.starts(world.fetch(0, 3), 1) == {0, 1, 3}


def test_bars_that_a_break_touches_are_not_given_out(world: World) -> None:
    world.stream.start()
    world.connect()
    world.at(SESSION.bar_start(3, 5) + timedelta(seconds=130))
    world.server.socket.drop()
    world.pauses.wait_for(1)
    # What is sent meanwhile is lost.
    world.next_row = int(
        np.searchsorted(world.rows.start_us, to_microseconds(SESSION.bar_start(4, 5)))
    )
    world.clock._now = SESSION.bar_start(4, 5) + timedelta(seconds=40)
    world.pauses.end_one()
    world.connect(2)
    world.at(SESSION.bar_end(6, 5))
    fetched = world.fetch(0, 6)
    assert world.starts(fetched) == {0, 1, 2, 5, 6}
    assert world.starts(world.fetch(3, 3)) == set()
    assert "may have missed trades" in str(world.fetch(3, 3).failures["AAPL"])


def test_a_stream_that_is_mute_is_connected_anew_whatever_it_answers_to_pings(
    world: World,
) -> None:
    world.stream.start()
    world.connect()
    world.at(SESSION.bar_end(1, 5))
    world.server.socket.ping()
    world.clock._now = SESSION.bar_end(1, 5) + timedelta(seconds=200)
    world.pauses.wait_for(1)
    assert "is mute: no trade since" in str(world.stream.trouble)
    world.pauses.end_one()
    world.connect(2)
    # A connection that brings nothing again is waited for longer.
    world.clock._now += timedelta(seconds=200)
    world.pauses.wait_for(2)
    assert world.pauses.taken[1] > world.pauses.taken[0]


@pytest.mark.parametrize(
    ("refusal", "kind", "words"),
    [
        ((402, "auth failed"), Unauthorized, "Check ALPACA_API_KEY and ALPACA_SECRET_KEY"),
        ((409, "insufficient subscription"), NotInPlan, "does not cover the alpaca:iex stream"),
        ((406, "connection limit exceeded"), Exception, "Stop what else listens with them"),
        ((500, "internal error"), Exception, "the alpaca:iex stream says: internal error"),
    ],
)
def test_who_is_refused_is_told_why_and_waits_long(
    world: World, refusal: tuple[int, str], kind: type[Exception], words: str
) -> None:
    world.server.socket.refusal = refusal
    world.stream.start()
    world.pauses.wait_for(1)
    assert isinstance(world.stream.trouble, kind)
    assert words in str(world.stream.trouble)
    assert world.pauses.taken[0] >= 60
    world.clock._now = SESSION.bar_end(0, 5)
    fetched = world.fetch(0, 0)
    assert {str(why) for why in fetched.failures.values()} == {str(world.stream.trouble)}


def test_more_symbols_than_the_plan_streams_are_named_with_the_free_plans_number(
    world: World,
) -> None:
    world.server.socket.most_symbols = 1
    world.stream.start()
    world.pauses.wait_for(1)
    assert "streams fewer than 2 symbols (30 without a paid plan)" in str(world.stream.trouble)
    assert isinstance(world.stream.trouble, Unauthorized)
