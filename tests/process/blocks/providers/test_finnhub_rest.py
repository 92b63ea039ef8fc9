"""The real finnhub-python against a server that speaks Finnhub's REST, by environment only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from tests.process.blocks.providers.outcomes import call_client, rows_as_lists
from tests.servers import finnhub_server as finnhub
from tests.servers.connect_tunnel import ConnectTunnel
from tests.servers.finnhub_server import FinnhubServer
from tests.servers.https_server import DROP, HANG, HTML
from tests.servers.tls import Authority
from trading.market.bars import BarRows
from trading.market.calendar import sessions_between, to_microseconds

KEY = "planted-key-c0ffee"
SYMBOLS = ("AAPL", "MSFT")
SESSIONS = sessions_between("NYSE", date(2025, 12, 1), date(2025, 12, 2))
SESSION = SESSIONS[-1]
ROWS = simulated_rows(SYMBOLS, SESSIONS, 5, seed=3)


@dataclass
class World:
    server: FinnhubServer
    environment: dict[str, str]
    tunnel: ConnectTunnel
    log: str = ""

    def call(self, *steps: str, **order: Any) -> list[dict[str, Any]]:
        usual = {
            "symbols": SYMBOLS, "start": SESSION.open.isoformat(), "end": SESSION.close.isoformat(),
            "now": (SESSION.close + timedelta(hours=1)).isoformat(), "steps": steps,
        }  # fmt: skip
        outcomes, self.log = call_client("finnhub_rest_client", usual | order, self.environment)
        assert KEY not in self.log
        assert KEY not in str(outcomes)
        return outcomes

    def finnhub_answers(self, answer: Any) -> None:
        """Give candles of the first two questions, the probe's and AAPL's, then this answer."""
        self.server.has_candles = True
        self.server.server.script("candle", None, None)
        self.server.server.always("candle", answer)


def of_today(symbol: int) -> BarRows:
    return ROWS.take((ROWS.start_us >= to_microseconds(SESSION.open)) & (ROWS.symbol == symbol))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    authority = Authority(tmp_path)
    server = FinnhubServer(authority, ROWS, SYMBOLS, KEY)
    with server.running(), ConnectTunnel(server.ports).running() as tunnel:
        environment = tunnel.environment(authority.ca_file) | {"FINNHUB_API_KEY": KEY}
        yield World(server, environment, tunnel)


def test_a_free_key_is_probed_once_and_its_limits_are_said(world: World) -> None:
    probe, again, bars, status = world.call("probe", "probe", "fetch", "status")
    assert probe["candles"] is False
    assert "this key has no candles" in probe["text"]
    assert again["text"] == probe["text"]
    assert {failure[0] for failure in bars["failures"].values()} == {"NotInPlan"}
    assert status["open"] is True
    assert len(world.server.server.asked("candle")) == 1
    # The log does say what was asked, though not by whom.
    assert "stock/candle?symbol=AAPL" in world.log


def test_candles_of_a_paid_key_arrive_exactly(world: World) -> None:
    world.server.has_candles = True
    probe, bars = world.call("probe", "fetch")
    inside = ROWS.start_us >= to_microseconds(SESSION.open)
    assert probe["candles"] is True
    assert bars["rows"] == rows_as_lists(ROWS.take(inside), SYMBOLS)
    assert set(bars["source"]) == {"finnhub"}


def test_the_candle_in_progress_is_never_given(world: World) -> None:
    world.server.has_candles = True
    [bars] = world.call("fetch", now=(SESSION.open + timedelta(minutes=12)).isoformat())
    assert sorted({row[1] for row in bars["rows"]}) == [
        to_microseconds(SESSION.bar_start(bar, 5)) for bar in (0, 1)
    ]


CANDLE = {"s": "ok", "t": [int(SESSION.open.timestamp())]}
NULLS = {name: [None] for name in "ohlcv"}


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (finnhub.as_json({"s": "no_data"}), "EmptyAnswer"),
        (finnhub.as_json(CANDLE | NULLS), "EmptyAnswer"),
        (finnhub.as_json(CANDLE | {name: [1.0, 2.0] for name in "ohlcv"}), "BadAnswer"),
        (finnhub.as_json(CANDLE | {"o": [1.0]}), "BadAnswer"),
        (finnhub.as_json(CANDLE | {"t": ["soon"]}), "BadAnswer"),
        (finnhub.TOO_MANY, "RateLimited"),
        (HTML, "BadAnswer"),
        (DROP, "NotConnected"),
    ],
)
def test_candles_that_are_none_are_a_named_failure_of_their_symbol(
    world: World, answer: Any, name: str
) -> None:
    world.finnhub_answers(answer)
    [bars] = world.call("fetch")
    assert bars["failures"]["MSFT"][0] == name
    assert bars["rows"] == rows_as_lists(of_today(0), SYMBOLS)
    assert "\n" not in bars["failures"]["MSFT"][1]


def test_a_null_among_candles_is_a_bar_that_is_not_there(world: World) -> None:
    mine = of_today(1)
    document = {
        "s": "ok", "t": (mine.start_us // 1_000_000).tolist(), "o": mine.open.tolist(),
        "h": mine.high.tolist(), "l": mine.low.tolist(), "c": mine.close.tolist(),
        "v": mine.volume.tolist(),
    }  # fmt: skip
    document["c"][3] = None  # type: ignore[index]
    world.finnhub_answers(finnhub.as_json(document))
    [bars] = world.call("fetch")
    starts = [row[1] for row in bars["rows"] if row[0] == "MSFT"]
    assert starts == [us for number, us in enumerate(mine.start_us.tolist()) if number != 3]
    assert bars["failures"] == {}


def test_a_quote_is_a_price_with_its_time(world: World) -> None:
    [quote] = world.call("quote")
    mine = ROWS.take(ROWS.symbol == 0)
    assert quote["price"] == mine.close[np.argmax(mine.start_us)]


def test_an_unknown_symbol_is_not_a_price_of_zero(world: World) -> None:
    [quote] = world.call("quote", symbols=["NOPE"])
    assert quote["error"][0] == "UnknownSymbol"


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (finnhub.BAD_KEY, "Unauthorized"),
        (finnhub.TOO_MANY, "RateLimited"),
        (finnhub.as_json({"error": "boom"}, 502), "BadAnswer"),
        (finnhub.as_json({"error": "Not found"}, 404), "BadAnswer"),
        (finnhub.as_json([]), "BadAnswer"),
        (HTML, "BadAnswer"),
        (finnhub.as_json({"unexpected": 1}), "BadAnswer"),
        (DROP, "NotConnected"),
    ],
)
def test_every_failure_has_its_name_and_no_key(world: World, answer: Any, name: str) -> None:
    world.server.server.always("quote", answer)
    [quote] = world.call("quote")
    assert quote["error"][0] == name
    assert "Traceback" in world.log


def test_a_hung_request_costs_its_time_out(world: World) -> None:
    world.server.server.always("quote", HANG)
    [quote] = world.call("quote", options={"timeout_s": 0.5})
    assert quote["error"][0] == "TimedOut"
    # Sooner than by its own default.
    assert quote["seconds"] < 6


def test_an_unreachable_finnhub_tells_no_key(world: World) -> None:
    world.tunnel.refuse.add(finnhub.REST_HOST)
    [quote] = world.call("quote")
    assert quote["error"][0] == "NotConnected"
