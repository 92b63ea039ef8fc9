"""A whole session fed by the provider, over the real client, against the same one simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks.bar_archive import BarArchive
from blocks.clocks import SystemClock
from blocks.simulated_market import simulated_rows
from tests.providers.outcomes import call_client
from tests.servers import yahoo_server as yahoo
from tests.servers.connect_tunnel import ConnectTunnel
from tests.servers.tls import Authority
from tests.servers.yahoo_server import YahooServer
from trading.calendar import sessions_between

SYMBOLS = ("AAA", "BBB", "CCC")
SEED = 11
NOW = datetime.now(UTC)
SESSION = sessions_between("NYSE", NOW.date() - timedelta(days=8), NOW.date() - timedelta(days=1))[
    -1
]
SETTINGS = {"min_body": 0, "max_entries": 3}


@dataclass
class World:
    server: YahooServer
    environment: dict[str, str]
    folder: Path

    def trade(self, name: str, *, from_yahoo: bool) -> dict[str, Any]:
        order = {
            "yahoo": from_yahoo, "data_dir": str(self.folder / name), "seed": SEED,
            "session": str(SESSION.date), "symbols": SYMBOLS, "settings": SETTINGS,
        }  # fmt: skip
        outcome, _ = call_client("session_client", order, self.environment)
        return dict(outcome)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    authority = Authority(tmp_path)
    rows = simulated_rows(SYMBOLS, [SESSION], 5, seed=SEED)
    server = YahooServer(authority, rows, SYMBOLS, 5)
    with server.running(), ConnectTunnel(server.ports).running() as tunnel:
        environment = tunnel.environment(authority.ca_file) | {
            "XDG_CACHE_HOME": str(tmp_path / "cache")
        }
        yield World(server, environment, tmp_path)


def without_source(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in event.items() if name != "sources"} for event in events]


def test_a_session_on_yahoo_is_the_session_that_was_fed_to_it(world: World) -> None:
    simulated = world.trade("simulated", from_yahoo=False)
    provided = world.trade("provided", from_yahoo=True)
    assert Counter(event["kind"] for event in provided["events"])["Fill"] >= 4
    assert without_source(provided["events"]) == without_source(simulated["events"])
    archive = BarArchive(world.folder / "provided", 5, SystemClock())
    assert len(archive.rows(SYMBOLS, SESSION.open, SESSION.close)) == 78 * 3


def test_when_the_provider_dies_the_session_still_ends_flat(world: World) -> None:
    for symbol in SYMBOLS:
        world.server.server.script(symbol, *[None] * 30)
        world.server.server.always(symbol, yahoo.BAD_GATEWAY)
    outcome = world.trade("dying", from_yahoo=True)
    bars = [event for event in outcome["events"] if event["kind"] == "BarClosed"]
    assert len(bars) == SESSION.bar_count(5)
    assert bars[29]["close"] != [None] * 3
    assert all(bar["close"] == [None] * 3 for bar in bars[30:])
    held: Counter[str] = Counter()
    for event in outcome["events"]:
        if event["kind"] == "Fill":
            held[event["symbol"]] += event["quantity"]
    assert outcome["closed"] == 1
    assert set(held.values()) == {0}
