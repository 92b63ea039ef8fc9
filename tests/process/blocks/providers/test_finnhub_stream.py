"""The trade stream over the real websockets client, against a socket that fails in many ways."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from tests.process.blocks.providers.outcomes import rows_as_lists
from tests.repository import REPOSITORY
from tests.servers import finnhub_server as finnhub
from tests.servers.connect_tunnel import ConnectTunnel
from tests.servers.finnhub_server import FinnhubServer, TradeSocket, trades_of
from tests.servers.tls import Authority
from trading.market.bars import BarRows
from trading.market.calendar import sessions_between, to_microseconds

STREAM_CLIENT = "tests.process.blocks.providers.finnhub_stream_client"

FIXTURE = REPOSITORY.parent / "shared" / "fixtures" / "finnhub" / "ws_trade_real_20221229.json"
KEY = "planted-key-5ca1ab1e"
SYMBOLS = ("AAPL", "MSFT")
SESSION = sessions_between("NYSE", date(2025, 12, 2), date(2025, 12, 2))[0]
ROWS = simulated_rows(SYMBOLS, [SESSION], 5, seed=3)
EARLY = SESSION.open - timedelta(minutes=5)


@dataclass
class Client:
    """A running stream in another process."""

    process: subprocess.Popen[str]

    def tell(self, **command: Any) -> dict[str, Any]:
        """Send one command and return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command, default=datetime.isoformat) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the client ended"
        return dict(json.loads(line))

    def bars(self, first: int, last: int, **command: Any) -> dict[str, Any]:
        """Fetch bars by number, both included."""
        span = [SESSION.bar_start(first, 5), SESSION.bar_end(last, 5)]
        return self.tell(fetch=span, **command)


@dataclass
class World:
    socket: TradeSocket
    environment: dict[str, str]
    log: Path
    tunnel: ConnectTunnel

    @contextmanager
    def client(self, now: datetime = EARLY) -> Iterator[Client]:
        """Run a stream until the block ends; its log never holds the key."""
        with self.log.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", STREAM_CLIENT], cwd=REPOSITORY,
                env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True,
            )  # fmt: skip
            try:
                assert process.stdin is not None
                order = {"symbols": SYMBOLS, "now": now.isoformat()}
                process.stdin.write(json.dumps(order) + "\n")
                process.stdin.flush()
                yield Client(process)
                process.stdin.close()
                assert process.wait(120) == 0, self.log.read_text()
            finally:
                process.kill()
                process.wait(10)
        assert KEY not in self.log.read_text()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    authority = Authority(tmp_path)
    server = FinnhubServer(authority, ROWS, SYMBOLS, KEY)
    with server.running(), ConnectTunnel(server.ports).running() as tunnel:
        environment = tunnel.environment(authority.ca_file) | {"FINNHUB_API_KEY": KEY}
        yield World(server.socket, environment, tmp_path / "client.log", tunnel)


def rows_of(first: int, last: int, symbols: tuple[str, ...] = SYMBOLS) -> BarRows:
    begin, end = to_microseconds(SESSION.bar_start(first, 5)), SESSION.bar_end(last, 5)
    inside = (ROWS.start_us >= begin) & (ROWS.start_us < to_microseconds(end))
    return ROWS.take(inside & np.isin(ROWS.symbol, [SYMBOLS.index(name) for name in symbols]))


def test_bars_of_streamed_trades_equal_the_bars_they_were_made_of(world: World) -> None:
    with world.client() as client:
        world.socket.wait_for_subscriptions(1, 2)
        trades = trades_of(ROWS, SYMBOLS, 5)
        world.socket.send_trades(trades)
        client.tell(connections=1, trades=len(trades))
        early = client.bars(0, 77, now=SESSION.bar_end(2, 5) + timedelta(seconds=3))
        whole = client.bars(0, 77, now=SESSION.close + timedelta(seconds=3))
    assert early["rows"] == rows_as_lists(rows_of(0, 2), SYMBOLS)
    assert whole["rows"] == rows_as_lists(ROWS, SYMBOLS)
    assert set(whole["source"]) == {"finnhub stream"}


def test_a_late_trade_is_counted_and_changes_nothing(world: World) -> None:
    trades = trades_of(rows_of(0, 0), SYMBOLS, 5)
    with world.client() as client:
        world.socket.wait_for_subscriptions(1, 2)
        world.socket.send_trades(trades)
        client.tell(connections=1, trades=8)
        client.bars(0, 0, now=SESSION.bar_end(0, 5) + timedelta(seconds=3))
        world.socket.send_trades([trades[-1] | {"p": 1.0, "s": "AAPL"}])
        after = client.bars(0, 0, trades=9)
    assert after["rows"] == rows_as_lists(rows_of(0, 0), SYMBOLS)
    assert after["late"] == {"AAPL": 1}


def test_a_bar_that_a_dropped_socket_touches_is_withheld_and_the_next_one_given(
    world: World,
) -> None:
    with world.client() as client:
        world.socket.wait_for_subscriptions(1, 2)
        client.tell(connections=1, now=SESSION.bar_start(1, 5) + timedelta(seconds=60))
        world.socket.send_trades(trades_of(rows_of(0, 1), SYMBOLS, 5)[:9])
        client.tell(trades=9)
        world.socket.drop()
        client.tell(connected=False, now=SESSION.bar_start(1, 5) + timedelta(seconds=90))
        client.tell(end_pause=True, connections=2)
        world.socket.wait_for_subscriptions(2, 2)
        world.socket.send_trades(trades_of(rows_of(1, 2), SYMBOLS, 5))
        client.tell(trades=25)
        answer = client.bars(0, 2, now=SESSION.bar_end(2, 5) + timedelta(seconds=3))
        gap = client.bars(1, 1)
    assert answer["rows"] == rows_as_lists(
        rows_of(0, 2).take(rows_of(0, 2).start_us != to_microseconds(SESSION.bar_start(1, 5))),
        SYMBOLS,
    )
    assert gap["rows"] == []
    assert "may have missed trades" in gap["reasons"]["AAPL"]
    assert answer["connections"] == 2


def test_a_socket_that_only_pings_is_mute_and_is_connected_anew(world: World) -> None:
    with world.client() as client:
        world.socket.wait_for_subscriptions(1, 2)
        client.tell(connections=1, connected=True)
        world.socket.send({"type": "ping"})
        client.tell(now=SESSION.open + timedelta(seconds=59))
        world.socket.send({"type": "ping"})
        mute = client.tell(now=SESSION.open + timedelta(seconds=61), connected=False, stale=60)
        client.tell(end_pause=True, connections=2)
        bar = client.bars(0, 0, now=SESSION.bar_end(0, 5))
    assert "mute" in mute["trouble"]
    assert mute["stale"] == ["AAPL", "MSFT"]
    assert bar["rows"] == []


def test_half_a_bar_is_not_given_for_a_whole_one_when_the_socket_goes_mute(world: World) -> None:
    with world.client() as client:
        world.socket.wait_for_subscriptions(1, 2)
        client.tell(connections=1, now=SESSION.open + timedelta(seconds=101))
        world.socket.send_trades(trades_of(rows_of(0, 0), SYMBOLS, 5)[:4])
        client.tell(trades=4)
        half = client.bars(0, 0, now=SESSION.bar_end(0, 5))
        world.socket.send({"type": "ping"})
        client.tell(connected=False, pauses=1)
    assert half["rows"] == []
    assert "may have missed trades from 14:31:41 to 14:35:00 UTC" in half["reasons"]["AAPL"]


def test_outside_session_hours_silence_is_no_sign(world: World) -> None:
    with world.client(SESSION.open - timedelta(hours=5)) as client:
        world.socket.wait_for_subscriptions(1, 2)
        client.tell(connections=1, connected=True)
        client.tell(now=SESSION.open - timedelta(minutes=1))
        world.socket.send({"type": "trade", "data": []})
        answer = client.tell(connected=True, stale=60)
    assert answer["connections"] == 1
    assert answer["stale"] == []


def test_one_mute_symbol_is_stale_and_the_other_is_not(world: World) -> None:
    with world.client() as client:
        world.socket.wait_for_subscriptions(1, 2)
        client.tell(now=SESSION.bar_end(0, 5))
        world.socket.send_trades(trades_of(rows_of(0, 0, ("MSFT",)), SYMBOLS, 5))
        answer = client.bars(0, 0, connections=1, trades=4, stale=60)
    assert answer["stale"] == ["AAPL"]
    assert [row[0] for row in answer["rows"]] == ["MSFT"]
    assert "saw no trade of AAPL" in answer["reasons"]["AAPL"]


def test_pauses_between_attempts_grow(world: World) -> None:
    world.tunnel.refuse.add(finnhub.SOCKET_HOST)
    with world.client() as client:
        for count in range(1, 8):
            answer = client.tell(pauses=count)
            client.tell(end_pause=True)
    assert answer["taken"][:7] == [2, 4, 8, 16, 32, 60, 60]


def test_a_connection_that_never_trades_does_not_shorten_the_pauses(world: World) -> None:
    with world.client() as client:
        for count in range(1, 4):
            world.socket.wait_for_subscriptions(count, 2)
            client.tell(connections=count)
            world.socket.drop()
            answer = client.tell(pauses=count)
            client.tell(end_pause=True)
    assert answer["taken"][:3] == [2, 4, 8]


def test_a_server_that_says_too_many_is_left_alone_for_a_minute(world: World) -> None:
    world.socket.refusal = 429
    with world.client() as client:
        answer = client.tell(pauses=1)
    assert answer["taken"] == [60]
    assert "HTTP 429" in answer["trouble"]


def test_a_refused_key_is_said_without_the_key(world: World) -> None:
    world.environment["FINNHUB_API_KEY"] = KEY + "-wrong"
    with world.client() as client:
        client.tell(pauses=1)
        answer = client.bars(0, 0, now=SESSION.bar_end(0, 5))
    assert answer["failures"]["AAPL"][0] == "Unauthorized"
    assert answer["taken"] == [300]


@pytest.mark.skipif(not FIXTURE.exists(), reason=f"{FIXTURE} is not there")
def test_a_recorded_message_is_understood(world: World) -> None:
    with world.client() as client:
        world.socket.wait_for_subscriptions(1, 2)
        world.socket.send(json.loads(FIXTURE.read_text()))
        answer = client.tell(connections=1, trades=2)
    assert answer["late"] == {}
