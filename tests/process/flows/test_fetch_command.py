"""The fetch command as a user calls it, with the real clients and servers of the test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from blocks.archive.archive import BarArchive
from blocks.markets.random_walk import simulated_rows
from blocks.process.clocks import SystemClock
from tests.repository import REPOSITORY
from tests.servers import yahoo_server as yahoo
from tests.servers.connect_tunnel import ConnectTunnel
from tests.servers.finnhub_server import FinnhubServer
from tests.servers.tls import Authority
from tests.servers.yahoo_server import YahooServer
from tests.warm_start import Finished, run_module
from trading.market.calendar import sessions_between, to_microseconds

KEY = "planted-key-deadbeef"
SYMBOLS = ("AAPL", "MSFT")
NOW = datetime.now(UTC)
PAST = [
    session
    for session in sessions_between(
        "NYSE", NOW.date() - timedelta(days=14), NOW.date() - timedelta(days=1)
    )
    if session.close < NOW
][-4:]
SPAN = ["--start", str(PAST[0].date), "--end", str(PAST[-1].date)]
BARS = sum(session.bar_count(5) for session in PAST)
ROWS = simulated_rows(SYMBOLS, PAST, 5, seed=11)


@dataclass
class World:
    yahoo: YahooServer
    finnhub: FinnhubServer
    environment: dict[str, str]
    data_dir: Path

    def fetch(self, *arguments: str, key: str | None = None) -> Finished:
        environment = self.environment | ({"FINNHUB_API_KEY": key} if key else {})
        finished = run_module(
            "flows.__main__", "fetch", "--symbols", ",".join(SYMBOLS), *SPAN,
            "--data-dir", str(self.data_dir), *arguments, environment=environment,
        )  # fmt: skip
        assert KEY not in finished.stdout + finished.stderr
        assert "Traceback" not in finished.stderr
        return finished

    def archive(self) -> BarArchive:
        return BarArchive(self.data_dir, 5, SystemClock())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    authority = Authority(tmp_path)
    yahoo_server = YahooServer(authority, ROWS, SYMBOLS, 5, lambda: datetime.now(UTC))
    finnhub_server = FinnhubServer(authority, ROWS, SYMBOLS, KEY, has_candles=True)
    ports = yahoo_server.ports | finnhub_server.ports
    with (
        yahoo_server.running(),
        finnhub_server.running(),
        ConnectTunnel(ports).running() as tunnel,
    ):
        environment = tunnel.environment(authority.ca_file) | {
            "XDG_CACHE_HOME": str(tmp_path / "cache")
        }
        environment.pop("FINNHUB_API_KEY", None)
        yield World(yahoo_server, finnhub_server, environment, tmp_path / "data")


def test_bars_are_fetched_once_and_the_summary_says_from_where(world: World) -> None:
    first = world.fetch()
    assert (first.returncode, first.stderr) == (0, "")
    assert f"AAPL    {BARS} of {BARS} bars (yahoo {BARS})" in first.stdout
    assert f"{2 * BARS} bars added, 0 revised, 0 unchanged" in first.stdout
    rows = world.archive().rows(SYMBOLS, PAST[0].open, PAST[-1].close)
    order = sorted(range(len(ROWS)), key=lambda row: (ROWS.start_us[row], ROWS.symbol[row]))
    assert rows.close.tolist() == ROWS.close[order].tolist()
    asked = len(world.yahoo.server.requests)
    again = world.fetch()
    assert again.returncode == 0
    assert "0 bars added" in again.stdout
    assert f"{2 * len(PAST)} sessions were there before" in again.stdout
    assert len(world.yahoo.server.requests) == asked


def test_daily_bars_have_a_folder_of_their_own_and_are_named_by_their_sessions(
    tmp_path: Path,
) -> None:
    opens = [to_microseconds(session.open) for session in PAST]
    days = ROWS.take(np.isin(ROWS.start_us, opens))
    authority = Authority(tmp_path)
    server = YahooServer(authority, days, SYMBOLS, 1440, lambda: datetime.now(UTC))
    with server.running(), ConnectTunnel(server.ports).running() as tunnel:
        environment = tunnel.environment(authority.ca_file)
        world = World(server, FinnhubServer(authority, days, SYMBOLS, KEY), environment, tmp_path)
        first = world.fetch("--interval", "1d")
        assert (first.returncode, first.stderr) == (0, "")
        assert f"AAPL    {len(PAST)} of {len(PAST)} bars (yahoo {len(PAST)})" in first.stdout
        assert f"daily bars are in {tmp_path}/bars/1d" in first.stdout
        again = world.fetch("--interval", "1d")
    assert f"0 bars added, 0 revised, 0 unchanged; {2 * len(PAST)} sessions" in again.stdout
    archive = BarArchive(tmp_path, 1440, SystemClock())
    rows = archive.rows(SYMBOLS, PAST[0].open, PAST[-1].close)
    order = np.lexsort((days.symbol, days.start_us))
    assert rows.start_us.tolist() == days.start_us[order].tolist()
    assert rows.close.tolist() == days.close[order].tolist()


def test_a_fetch_goes_on_where_it_was_left(world: World) -> None:
    world.fetch("--end", str(PAST[1].date))
    world.yahoo.server.requests.clear()
    finished = world.fetch()
    assert finished.returncode == 0
    periods = {int(r.query["period1"]) for r in world.yahoo.server.asked("AAPL")}
    assert periods == {int(PAST[2].open.timestamp())}
    assert f"AAPL    {BARS} of {BARS} bars" in finished.stdout


def test_a_failing_symbol_is_one_line_and_the_others_are_kept(world: World) -> None:
    world.yahoo.server.always("MSFT", yahoo.NOT_FOUND)
    finished = world.fetch()
    assert finished.returncode == 1
    lines = finished.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: MSFT: yahoo knows no symbol MSFT.")
    assert f"AAPL    {BARS} of {BARS} bars" in finished.stdout
    assert re.search(rf"MSFT    0 of {BARS} bars; {BARS} missing: \d{{4}}-", finished.stdout)
    world.yahoo.server.always("MSFT", None)
    assert world.fetch().returncode == 0


def test_the_chain_falls_back_and_says_who_served(world: World) -> None:
    world.yahoo.server.always("MSFT", yahoo.UNAUTHORIZED)
    finished = world.fetch("--provider", "chain", key=KEY)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert f"AAPL    {BARS} of {BARS} bars (yahoo {BARS})" in finished.stdout
    assert f"MSFT    {BARS} of {BARS} bars (finnhub {BARS})" in finished.stdout


def test_a_free_finnhub_key_is_said_to_have_no_candles(world: World) -> None:
    world.finnhub.has_candles = False
    finished = world.fetch("--provider", "finnhub", key=KEY)
    assert finished.returncode == 1
    assert "this finnhub key has no candles" in finished.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--provider", "finnhub"], "Set FINNHUB_API_KEY"),
        (["--interval", "7"], "yahoo has no 7-minute bars"),
        (["--start", "2020-01-02", "--end", "2020-01-03"], "yahoo keeps 5-minute bars for 60 days"),
        (["--provider", "polygon"], "invalid choice: 'polygon'"),
        (["--start", "2025-11-29", "--end", "2025-11-30"], "no session"),
        (["--start", "yesterday"], "no date"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_a_hint(
    world: World, arguments: list[str], words: str
) -> None:
    finished = world.fetch(*arguments)
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: ")
    assert len(finished.stderr.splitlines()) == 1
    assert words in finished.stderr
    assert world.yahoo.server.requests == []


def all_of(terminal: int) -> Iterator[str]:
    """Yield what was written to a terminal whose other end is closed, a few kilobytes a piece."""
    while True:
        try:
            yield os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            return


def test_a_terminal_sees_a_bar_of_progress(world: World) -> None:
    leader, follower = os.openpty()
    finished = subprocess.run(
        [
            sys.executable, "-m", "flows", "fetch", "--symbols", "AAPL", *SPAN,
            "--data-dir", str(world.data_dir),
        ],
        cwd=REPOSITORY, env=world.environment | {"TERM": "xterm"}, stdout=subprocess.PIPE,
        stderr=follower, timeout=300, check=False,
    )  # fmt: skip
    os.close(follower)
    shown = "".join(all_of(leader))
    os.close(leader)
    assert finished.returncode == 0
    assert str(PAST[0].date) in shown
