"""A half-day's session fed by Finnhub, over the real clients, against the same one from a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from blocks.archive.archive import BarArchive
from blocks.markets.random_walk import simulated_rows
from blocks.process.clocks import SystemClock
from tests.process.blocks.providers.fed_session import (
    MINUTES,
    Event,
    FedSession,
    bars_of,
    fills_of,
    held_after,
    without_source,
)
from tests.servers import finnhub_server as finnhub
from tests.servers import yahoo_server as yahoo
from tests.servers.connect_tunnel import ConnectTunnel
from tests.servers.finnhub_server import FinnhubServer
from tests.servers.market_pace import MarketPace
from tests.servers.tls import Authority
from tests.servers.yahoo_server import YahooServer
from trading.market.calendar import sessions_between, to_microseconds

KEY = "planted-key-ba5eba11"
SYMBOLS = ("AAPL", "BBB")
SESSIONS = sessions_between("NYSE", date(2025, 11, 20), date(2025, 11, 28))
SESSION = SESSIONS[-1]
BARS = 14
ROWS = simulated_rows(SYMBOLS, SESSIONS, MINUTES, seed=11)
TODAY = ROWS.take(ROWS.start_us >= to_microseconds(SESSION.open))


@dataclass
class World:
    finnhub: FinnhubServer
    yahoo: YahooServer
    tunnel: ConnectTunnel
    market: MarketPace
    fed: FedSession

    def trade(self) -> dict[str, Any]:
        """Trade the session as a live one with a key does: the stream, then Yahoo, then candles."""
        return self.fed.trade("provided", "finnhub", market_url=self.market.url)

    def at(self, bar: int, act: Any, *, seconds: int = 0) -> None:
        """Do something once, so many seconds into a bar."""
        earlier, due = self.market.act, [SESSION.bar_start(bar, MINUTES).timestamp() + seconds]

        def then(now: datetime) -> None:
            earlier(now)
            if due and now.timestamp() > due[0]:
                due.clear()
                act()

        self.market.act = then

    def stored(self) -> pl.DataFrame:
        """Return what the archive holds of the session."""
        archive = BarArchive(self.fed.folder / "provided", MINUTES, SystemClock())
        return archive.every_feed(SYMBOLS, SESSION.open, SESSION.close)

    def bars_from(self, source: str) -> set[int]:
        """Return the bars that came from a source for all symbols."""
        stamps = self.stored().filter(pl.col("source") == source)["ts"].value_counts()
        whole = stamps.filter(pl.col("count") == len(SYMBOLS))["ts"].to_list()
        return {round((stamp - SESSION.open).total_seconds() / 60 / MINUTES) for stamp in whole}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    authority = Authority(tmp_path)
    server = FinnhubServer(authority, ROWS, SYMBOLS, KEY)
    fallback = YahooServer(authority, ROWS, SYMBOLS, MINUTES)
    market = MarketPace(server.socket, TODAY, SYMBOLS, MINUTES)
    ports = server.ports | fallback.ports
    with (
        server.running(),
        fallback.running(),
        market.running(),
        ConnectTunnel(ports).running() as tunnel,
    ):
        environment = tunnel.environment(authority.ca_file) | {
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "FINNHUB_API_KEY": KEY,
        }
        fed = FedSession(SESSION, SYMBOLS, tmp_path, environment)
        yield World(server, fallback, tunnel, market, fed)
        assert fed.logs
        assert all(KEY not in log for log in fed.logs)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Return the journal of the session on a file of the same bars."""
    fed = FedSession(SESSION, SYMBOLS, tmp_path_factory.mktemp("file"), dict(os.environ))
    return fed.from_file(ROWS)


def test_a_session_on_the_trade_stream_is_the_session_of_the_file(
    world: World, expected: list[Event]
) -> None:
    outcome = world.trade()
    assert SESSION.bar_count(MINUTES) == BARS
    assert len(fills_of(expected)) >= 4
    assert without_source(outcome) == expected
    assert set(world.stored()["source"]) == {"finnhub stream"}
    assert len(world.stored()) == BARS * 2
    # Yahoo is asked for the days before, and for nothing of this one.
    assert [len(world.yahoo.server.asked(symbol)) for symbol in SYMBOLS] == [1, 1]


def test_a_session_on_the_candles_of_a_paid_key_is_the_session_of_the_file(
    world: World, expected: list[Event]
) -> None:
    world.finnhub.has_candles = True
    assert without_source(world.fed.trade("provided", "finnhub")) == expected
    assert set(world.stored()["source"]) == {"finnhub"}


def test_yahoo_fills_the_hole_of_a_dropped_socket_and_nothing_is_traded_otherwise(
    world: World, expected: list[Event]
) -> None:
    def drop() -> None:
        world.market.is_silent, world.market.is_connected = True, None
        world.market.socket.drop()

    def come_back() -> None:
        world.market.connect(2)
        world.market.is_silent = False

    world.at(3, drop, seconds=120)
    world.at(5, come_back)
    outcome = world.trade()
    assert without_source(outcome) == expected
    assert set(range(3, 5)) <= world.bars_from("yahoo")
    assert set(range(3)) | set(range(6, BARS)) <= world.bars_from("finnhub stream")


def test_a_socket_that_goes_mute_within_a_bar_gives_no_half_bar(
    world: World, expected: list[Event]
) -> None:
    def fall_silent() -> None:
        world.market.is_silent, world.market.is_connected = True, None

    world.at(10, fall_silent, seconds=120)
    outcome = world.trade()
    assert without_source(outcome) == expected
    assert world.bars_from("yahoo") == set(range(10, BARS))
    # Pings do not keep it: it was connected anew.
    assert world.finnhub.socket.connections >= 2


def test_a_revoked_key_leaves_the_session_to_yahoo(world: World, expected: list[Event]) -> None:
    world.finnhub.socket.refusal = 401
    for question in ("quote", "candle"):
        world.finnhub.server.always(question, finnhub.BAD_KEY)
    world.market.is_silent, world.market.is_connected = True, False
    outcome = world.trade()
    assert without_source(outcome) == expected
    assert world.bars_from("yahoo") == set(range(BARS))
    assert "SYSTEM_WARNING: finnhub stream: finnhub refuses the key (HTTP 401)" in world.fed.logs[0]


def test_a_symbol_that_nobody_has_is_named_once_and_the_others_trade(world: World) -> None:
    world.yahoo.server.always("BBB", yahoo.NOT_FOUND)
    world.market.drop_symbol("BBB")
    outcome = world.trade()
    assert all(bar["close"][1] is None for bar in bars_of(outcome))
    assert {fill["symbol"] for fill in fills_of(outcome["events"])} == {"AAPL"}
    assert world.fed.logs[0].count("BBB has no fresh bar and is not entered") == 1


def test_when_every_provider_dies_the_session_still_ends_flat(world: World) -> None:
    def die() -> None:
        world.market.is_silent, world.market.is_connected = True, False
        world.tunnel.refuse.update([*yahoo.HOSTS, finnhub.REST_HOST, finnhub.SOCKET_HOST])
        world.tunnel.cut()

    world.at(11, die)
    outcome = world.trade()
    bars = bars_of(outcome)
    assert len(bars) == BARS
    assert bars[10]["close"] != [None] * 2
    assert all(bar["close"] == [None] * 2 for bar in bars[11:])
    assert outcome["closed"] == 1
    assert held_after(outcome) == {0}
