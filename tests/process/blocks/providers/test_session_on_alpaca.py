"""A session on Alpaca's stream and REST, over real sockets, is the session of the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

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
    without_source,
)
from tests.servers.alpaca_server import AlpacaServer
from tests.servers.market_pace import MinutePace
from trading.market.calendar import sessions_between, to_microseconds

KEYS = ("PLANTEDALPACAKEY05", "planted-alpaca-secret-ba5e")
SYMBOLS = ("AAPL", "BBB")
SESSIONS = sessions_between("NYSE", date(2025, 11, 20), date(2025, 11, 28))
SESSION = SESSIONS[-1]
ROWS = simulated_rows(SYMBOLS, SESSIONS, 1, seed=11)
TODAY = ROWS.take(ROWS.start_us >= to_microseconds(SESSION.open))


@dataclass
class World:
    alpaca: AlpacaServer
    market: MinutePace
    fed: FedSession

    def trade(self) -> dict[str, Any]:
        return self.fed.trade("provided", "alpaca", market_url=self.market.url)

    def asked_of_today(self) -> list[str]:
        """Return from when bars of the session itself were asked for by REST."""
        starts = [request.query["start"] for request in self.alpaca.server.asked("bars")]
        return [start for start in starts if start.startswith(str(SESSION.date))]

    def sources(self) -> dict[str, int]:
        archive = BarArchive(self.fed.folder / "provided", MINUTES, SystemClock())
        frame = archive.frame(SYMBOLS, SESSION.open, SESSION.close)
        return dict(frame["source"].value_counts().iter_rows())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    server = AlpacaServer(ROWS, SYMBOLS, KEYS)
    market = MinutePace(server.socket, TODAY, SYMBOLS)
    with server.running(), market.running():
        environment = {name: os.environ[name] for name in ("PATH", "HOME")} | {
            "ALPACA_API_KEY": KEYS[0], "ALPACA_SECRET_KEY": KEYS[1], "ALPACA_FEED": "iex",
            "ALPACA_DATA_URL": server.url, "PROVIDERS": "alpaca",
        }  # fmt: skip
        fed = FedSession(SESSION, SYMBOLS, tmp_path, environment)
        yield World(server, market, fed)
        assert fed.logs
        assert not any(key in log for log in fed.logs for key in KEYS)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Return the journal of the session on a file of the same minutes."""
    fed = FedSession(SESSION, SYMBOLS, tmp_path_factory.mktemp("file"), dict(os.environ))
    return fed.from_file(ROWS)


def test_a_session_on_alpacas_stream_is_the_session_of_the_file(
    world: World, expected: list[Event]
) -> None:
    outcome = world.trade()
    assert len(fills_of(expected)) >= 4
    assert without_source(outcome) == expected
    assert world.sources() == {"alpaca:iex": SESSION.bar_count(MINUTES) * len(SYMBOLS)}
    # REST is asked for the days before, and for nothing of this one.
    assert world.asked_of_today() == []


def test_a_stream_that_falls_silent_leaves_the_session_to_the_same_feeds_rest(
    world: World, expected: list[Event]
) -> None:
    silent_from = SESSION.bar_start(5, MINUTES).timestamp() + 120

    def fall_silent(now: datetime) -> None:
        if now.timestamp() > silent_from:
            world.market.is_silent, world.market.is_connected = True, None

    world.market.act = fall_silent
    outcome = world.trade()
    assert without_source(outcome) == expected
    # Never another feed: the volumes of one are no measure for those of another.
    assert not any(flag for bar in bars_of(outcome) for flag in bar["feed_changed"])
    assert world.sources() == {"alpaca:iex": SESSION.bar_count(MINUTES) * len(SYMBOLS)}
    assert len(world.asked_of_today()) == SESSION.bar_count(MINUTES) - 5
    assert world.alpaca.socket.connections >= 2
