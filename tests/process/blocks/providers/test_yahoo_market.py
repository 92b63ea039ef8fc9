"""The real yfinance against a server that speaks Yahoo's protocol, reached by environment only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows
from tests.process.blocks.providers.outcomes import call_client, rows_as_lists
from tests.servers import yahoo_server as yahoo
from tests.servers.connect_tunnel import ConnectTunnel
from tests.servers.https_server import DROP, HANG, HTML
from tests.servers.tls import Authority
from tests.servers.yahoo_server import YahooServer
from trading.market.bars import BarRows
from trading.market.calendar import sessions_between, to_microseconds

SYMBOLS = ("AAPL", "MSFT", "SPY")
SESSIONS = sessions_between("NYSE", date(2025, 11, 24), date(2025, 12, 1))
LAST = SESSIONS[-1]
HALF_DAY = SESSIONS[3]
AFTER = LAST.close + timedelta(hours=2)
ROWS = simulated_rows(SYMBOLS, SESSIONS, 5, seed=7)


@dataclass
class World:
    """A server, the way to it, and the client's calls."""

    server: YahooServer
    environment: dict[str, str]
    tunnel: ConnectTunnel
    now: datetime = AFTER

    def call(self, *calls: dict[str, Any], **order: Any) -> list[dict[str, Any]]:
        """Let a fresh client make these calls; each is by default the last session, after it."""
        usual = {
            "start": LAST.open.isoformat(), "end": LAST.close.isoformat(),
            "now": AFTER.isoformat(),
        }  # fmt: skip
        order = {"symbols": SYMBOLS, "interval": 5, **order}
        order["calls"] = [usual | call for call in calls or ({},)]
        outcomes, self.log = call_client("yahoo_client", order, self.environment)
        return outcomes


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a running Yahoo with three symbols of five sessions."""
    yield from worlds(tmp_path, ROWS)


def worlds(folder: Path, rows: BarRows) -> Iterator[World]:
    authority = Authority(folder)
    server = YahooServer(authority, rows, SYMBOLS, 5)
    with server.running(), ConnectTunnel(server.ports).running() as tunnel:
        environment = tunnel.environment(authority.ca_file) | {
            "XDG_CACHE_HOME": str(folder / "cache")
        }
        yield World(server, environment, tunnel)


def rows_between(
    start: datetime, end: datetime, symbols: tuple[str, ...] = SYMBOLS, rows: BarRows = ROWS
) -> list[list[Any]]:
    inside = (rows.start_us >= to_microseconds(start)) & (rows.start_us < to_microseconds(end))
    inside &= np.isin(rows.symbol, [SYMBOLS.index(symbol) for symbol in symbols])
    return rows_as_lists(rows.take(inside), SYMBOLS)


def test_a_session_arrives_exactly_as_it_was_fed(world: World) -> None:
    [outcome] = world.call()
    assert outcome["rows"] == rows_between(LAST.open, LAST.close)
    assert outcome["failures"] == {}
    assert set(outcome["source"]) == {"yahoo"}
    assert set(outcome["fetched_us"]) == {to_microseconds(AFTER)}
    # One request a symbol: nothing is asked for its time zone.
    assert len(world.server.server.asked("AAPL")) == 1


def test_several_sessions_with_a_half_day_arrive_exactly(world: World) -> None:
    [outcome] = world.call({"start": SESSIONS[0].open.isoformat()})
    assert outcome["rows"] == rows_between(SESSIONS[0].open, LAST.close)
    assert HALF_DAY.bar_count(5) == 42


@pytest.mark.parametrize("seconds_left", [298, 1])
def test_the_bar_in_progress_is_never_given(world: World, seconds_left: int) -> None:
    world.server._now = lambda: now
    # Yahoo has seen nearly all of the bar: only the clock tells that it is not over.
    now = LAST.bar_end(3, 5) - timedelta(seconds=seconds_left)
    [outcome] = world.call({"now": now.isoformat()})
    assert outcome["rows"] == rows_between(LAST.open, LAST.bar_start(3, 5))
    assert len(outcome["rows"]) == 9


def test_a_bar_whose_end_yahoo_has_not_seen_is_said_to_be_late(world: World) -> None:
    world.server._now = lambda: LAST.bar_start(3, 5) + timedelta(seconds=77)
    bar = {"start": LAST.bar_start(3, 5).isoformat(), "end": LAST.bar_end(3, 5).isoformat()}
    [outcome] = world.call(bar | {"now": LAST.bar_end(3, 5).isoformat()})
    assert outcome["rows"] == []
    assert outcome["failures"]["AAPL"][0] == "EmptyAnswer"
    assert "no finished bar of AAPL from 2025-12-01 14:45 UTC yet" in outcome["reasons"]["AAPL"]
    assert "its last trade is of 14:46:17 UTC" in outcome["reasons"]["AAPL"]
    assert outcome["waits"] == []


def test_one_closed_bar_is_given_alone(world: World) -> None:
    bar = {"start": LAST.bar_start(3, 5).isoformat(), "end": LAST.bar_end(3, 5).isoformat()}
    [outcome] = world.call(bar)
    assert outcome["rows"] == rows_between(LAST.bar_start(3, 5), LAST.bar_end(3, 5))


def test_nothing_is_asked_for_a_time_without_sessions(world: World) -> None:
    sunday = datetime(2025, 11, 30, 12, tzinfo=UTC)
    [outcome] = world.call({"start": sunday.isoformat(), "end": sunday.isoformat()})
    assert outcome["rows"] == []
    assert world.server.server.requests == []


def test_history_is_the_sessions_before(world: World) -> None:
    call = {"start": LAST.open.isoformat(), "now": LAST.open.isoformat(), "history": True}
    [outcome] = world.call(call, options={"history_sessions": 2})
    assert outcome["rows"] == len(rows_between(SESSIONS[2].open, SESSIONS[3].close))


def test_a_split_is_reported(world: World) -> None:
    world.server.splits["AAPL"] = [(LAST.open, 4, 1)]
    [outcome] = world.call()
    assert outcome["splits"] == [["AAPL", to_microseconds(LAST.open), 4.0]]
    assert outcome["rows"] == rows_between(LAST.open, LAST.close)


@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        (yahoo.UNAUTHORIZED, "Unauthorized", "HTTP 401"),
        (yahoo.NOT_FOUND, "UnknownSymbol", "no symbol AAPL"),
        (yahoo.BAD_GATEWAY, "BadAnswer", "HTTP 502"),
        (HTML, "BadAnswer", "something else"),
        (yahoo.NOTHING, "EmptyAnswer", "without any bar"),
        (DROP, "NotConnected", "connection"),
        (
            yahoo._unprocessable("The requested range must be within the last 60 days."),
            "RangeTooLong",
            "within the last 60 days",
        ),
    ],
)
def test_a_symbols_failure_has_its_name_and_leaves_the_others_alone(
    world: World, answer: Any, name: str, words: str
) -> None:
    world.server.server.always("AAPL", answer)
    [outcome] = world.call()
    assert outcome["failures"]["AAPL"][0] == name
    assert words in outcome["failures"]["AAPL"][1]
    assert "delisted" not in outcome["failures"]["AAPL"][1]
    assert "\n" not in outcome["failures"]["AAPL"][1]
    assert outcome["rows"] == rows_between(LAST.open, LAST.close, ("MSFT", "SPY"))


def test_too_many_requests_closes_the_shop_at_once(world: World) -> None:
    for symbol in SYMBOLS:
        world.server.server.always(symbol, yahoo.TOO_MANY)
    outcome, later = world.call({}, {}, options={"workers": 1})
    assert outcome["failures"]["AAPL"][0] == "RateLimited"
    assert outcome["failures"]["MSFT"][0] == "CircuitOpen"
    assert outcome["waits"] == []
    assert later["failures"]["AAPL"][0] == "CircuitOpen"
    # yfinance itself asks twice before it gives up.
    assert len(world.server.server.asked("AAPL")) == 2
    assert len(world.server.server.asked("MSFT")) == 0


def test_retry_after_is_kept_to(world: World) -> None:
    for symbol in SYMBOLS:
        world.server.server.script(symbol, *[yahoo.TOO_MANY_FOR_A_WHILE] * 2)
    early = {"now": (AFTER + timedelta(seconds=119)).isoformat()}
    late = {"now": (AFTER + timedelta(seconds=121)).isoformat()}
    first, second, third = world.call({}, early, late, symbols=["AAPL"])
    assert "for 120 s" in first["failures"]["AAPL"][1]
    assert second["failures"]["AAPL"][0] == "CircuitOpen"
    assert len(third["rows"]) == 78


def test_one_429_is_survived_in_silence(world: World) -> None:
    world.server.server.script("AAPL", yahoo.TOO_MANY)
    [outcome] = world.call()
    assert outcome["rows"] == rows_between(LAST.open, LAST.close)


def test_a_failure_about_the_past_is_not_kept_for_the_life_of_the_process(world: World) -> None:
    world.server.server.script("AAPL", *[yahoo.BAD_GATEWAY] * 2)
    [outcome] = world.call()
    assert outcome["failures"] == {}
    assert len(outcome["waits"]) == 1
    assert 0.5 <= outcome["waits"][0] <= 1.5


def test_a_refused_crumb_is_not_kept_as_a_crumb(world: World) -> None:
    world.server.server.script("crumb", *[yahoo.TOO_MANY] * 2)
    world.server.server.script("AAPL", *[yahoo.BAD_GATEWAY] * 2)
    [outcome] = world.call(symbols=["AAPL"])
    assert outcome["failures"] == {}
    assert world.server.server.asked("AAPL")[-1].query["crumb"] == yahoo.CRUMB


def test_a_hung_connection_costs_its_time_out_and_no_more(world: World) -> None:
    world.server.server.always("AAPL", HANG)
    options = {"timeout_s": 0.5, "budget_s": 1.5, "attempts": 1}
    [outcome] = world.call(options=options)
    # The server would have hung for as long as somebody waits.
    assert outcome["failures"]["AAPL"][0] == "TimedOut"
    assert outcome["rows"] == rows_between(LAST.open, LAST.close, ("MSFT", "SPY"))


def test_everything_hung_costs_the_budget_of_a_symbol(world: World) -> None:
    for key in ("cookie", "crumb", "consent", *SYMBOLS):
        world.server.server.always(key, HANG)
    options = {"timeout_s": 0.5, "budget_s": 1.0, "attempts": 1, "workers": 1}
    [outcome] = world.call(options=options)
    assert {failure[0] for failure in outcome["failures"].values()} == {"TimedOut"}
    # Cookie and consent cost the first symbol all of it, so that its bars are not even asked for.
    assert "used up the time for one symbol" in outcome["failures"]["AAPL"][1]
    assert world.server.server.asked("AAPL") == []


def test_an_unreachable_provider_is_left_alone_after_some_failures(world: World) -> None:
    world.tunnel.refuse.update(yahoo.HOSTS)
    symbols = [f"S{number}" for number in range(8)]
    [outcome] = world.call(symbols=symbols, options={"workers": 1})
    names = [outcome["failures"][symbol][0] for symbol in symbols]
    assert names == ["NotConnected"] * 2 + ["CircuitOpen"] * 6


def test_more_history_than_yahoo_keeps_is_refused_before_asking(world: World) -> None:
    [outcome] = world.call({"start": datetime(2025, 9, 2, 13, 30, tzinfo=UTC).isoformat()})
    name, text = outcome["error"]
    assert name == "RangeTooLong"
    assert "60 days" in text
    assert "Begin on 2025-10-03 or later" in text
    assert world.server.server.requests == []


def test_null_bars_are_absent_and_said_to_be_null(tmp_path: Path) -> None:
    start = LAST.bar_start(3, 5)
    hole = (ROWS.start_us == to_microseconds(start)) & (ROWS.symbol == 0)
    with_null = ROWS.take(np.ones(len(ROWS), dtype=bool))
    for column in (with_null.open, with_null.high, with_null.low, with_null.close):
        column[hole] = np.nan
    for world in worlds(tmp_path, with_null):
        whole, bar = world.call(
            {}, {"start": start.isoformat(), "end": LAST.bar_end(3, 5).isoformat()}
        )
        assert whole["rows"] == rows_between(LAST.open, LAST.close, rows=ROWS.take(~hole))
        assert list(bar["reasons"]) == ["AAPL"]
        assert f"{start:%H:%M} UTC without prices" in bar["reasons"]["AAPL"]
