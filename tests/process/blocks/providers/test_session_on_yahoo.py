"""A whole session fed by Yahoo, over the real client, against the same one fed from a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blocks.archive.archive import BarArchive
from blocks.markets.random_walk import simulated_rows
from blocks.process.clocks import SystemClock
from tests.process.blocks.providers.fed_session import (
    MINUTES,
    FedSession,
    bars_of,
    fills_of,
    held_after,
    without_source,
)
from tests.servers import yahoo_server as yahoo
from tests.servers.connect_tunnel import ConnectTunnel
from tests.servers.tls import Authority
from tests.servers.yahoo_server import YahooServer
from trading.market.calendar import sessions_between

SYMBOLS = ("AAA", "BBB", "CCC")
NOW = datetime.now(UTC)
SESSIONS = sessions_between("NYSE", NOW.date() - timedelta(days=14), NOW.date() - timedelta(days=1))
SESSION = SESSIONS[-1]
ROWS = simulated_rows(SYMBOLS, SESSIONS, MINUTES, seed=11)


@dataclass
class World:
    server: YahooServer
    fed: FedSession


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    authority = Authority(tmp_path)
    server = YahooServer(authority, ROWS, SYMBOLS, MINUTES)
    with server.running(), ConnectTunnel(server.ports).running() as tunnel:
        environment = tunnel.environment(authority.ca_file) | {
            "XDG_CACHE_HOME": str(tmp_path / "cache")
        }
        yield World(server, FedSession(SESSION, SYMBOLS, tmp_path, environment))


def test_a_session_on_yahoo_is_the_session_of_the_file(world: World) -> None:
    expected = world.fed.from_file(ROWS)
    provided = world.fed.trade("provided", "yahoo")
    assert len(fills_of(expected)) >= 4
    assert without_source(provided) == expected
    archive = BarArchive(world.fed.folder / "provided", MINUTES, SystemClock())
    whole = archive.rows(SYMBOLS, SESSION.open, SESSION.close)
    assert len(whole) == SESSION.bar_count(MINUTES) * 3


def test_when_the_provider_dies_the_session_still_ends_flat(world: World) -> None:
    for symbol in SYMBOLS:
        # The first answer is the sessions before.
        world.server.server.script(symbol, *[None] * 11)
        world.server.server.always(symbol, yahoo.BAD_GATEWAY)
    outcome = world.fed.trade("dying", "yahoo")
    bars = bars_of(outcome)
    assert len(bars) == SESSION.bar_count(MINUTES)
    assert bars[9]["close"] != [None] * 3
    assert all(bar["close"] == [None] * 3 for bar in bars[10:])
    assert outcome["closed"] == 1
    assert held_after(outcome) == {0}
