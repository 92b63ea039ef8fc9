"""The fetch command on Alpaca as a user calls it, against a server that speaks its protocol."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.markets.random_walk import simulated_rows
from blocks.providers.access import AlpacaAccess, Feed, ProviderAccess
from blocks.providers.fetched_bars import PieceSize
from tasks.history.fetch import HistoryRequest, estimate_of
from tests.servers import alpaca_server as alpaca
from tests.servers.alpaca_server import AlpacaServer
from tests.warm_start import Finished, run_module
from trading.market.calendar import sessions_between

KEYS = ("PLANTEDALPACAKEY03", "planted-alpaca-secret-f00d")
SYMBOLS = ("AAPL", "MSFT")
NOW = datetime.now(UTC)
PAST = [
    session
    for session in sessions_between(
        "NYSE", NOW.date() - timedelta(days=14), NOW.date() - timedelta(days=1)
    )
    if session.close < NOW - timedelta(minutes=30)
][-4:]
ROWS = simulated_rows(SYMBOLS, PAST, 5, seed=11)
BARS = sum(session.bar_count(5) for session in PAST)


def fetch(server: AlpacaServer, data_dir: Path, *arguments: str, **variables: str) -> Finished:
    own = {
        "ALPACA_API_KEY": KEYS[0], "ALPACA_SECRET_KEY": KEYS[1], "ALPACA_FEED": "sip",
        "ALPACA_DATA_URL": server.url, "HOME": str(data_dir), "PATH": os.environ["PATH"],
        "XDG_CACHE_HOME": str(data_dir / "cache"),
    }  # fmt: skip
    finished = run_module(
        "flows.__main__", "fetch", "--symbols", ",".join(SYMBOLS), "--start", str(PAST[0].date),
        "--end", str(PAST[-1].date), "--data-dir", str(data_dir), *arguments,
        environment=own | variables,
    )  # fmt: skip
    assert not any(word in finished.stdout + finished.stderr for word in KEYS)
    assert "Traceback" not in finished.stderr
    return finished


def test_with_keys_alpaca_is_asked_first_once_and_the_feed_is_named(tmp_path: Path) -> None:
    with AlpacaServer(ROWS, SYMBOLS, KEYS, minutes=5).running() as server:
        first = fetch(server, tmp_path)
        assert (first.returncode, first.stderr) == (0, "")
        assert f"AAPL    {BARS} of {BARS} bars (alpaca:sip {BARS})" in first.stdout
        asked = len(server.server.requests)
        again = fetch(server, tmp_path)
        assert "0 bars added" in again.stdout
        assert f"{2 * len(PAST)} sessions were there before" in again.stdout
        assert len(server.server.requests) == asked


def test_what_cannot_be_had_is_a_line_that_says_what_to_do(tmp_path: Path) -> None:
    with AlpacaServer(ROWS, SYMBOLS, KEYS, minutes=5).running() as server:
        server.feeds = {"iex"}
        refused = fetch(server, tmp_path, "--provider", "alpaca")
        assert refused.returncode == 1
        assert "error: AAPL: the plan of this alpaca key does not cover the feed sip" in (
            refused.stderr
        )
        assert "Set ALPACA_FEED=iex" in refused.stderr
        # There is nothing that a backtest could be pointed to.
        assert "bars are in" not in refused.stdout
        # The argument goes before the setting, as the hint would have it.
        other = fetch(server, tmp_path, "--provider", "alpaca", "--feed", "iex")
        assert (other.returncode, other.stderr) == (0, "")
        assert f"(alpaca:iex {BARS})" in other.stdout
        server.server.always("bars", alpaca.BAD_KEY)
        wrong = fetch(server, tmp_path / "other", "--provider", "alpaca")
        assert wrong.returncode == 1
        assert "Check ALPACA_API_KEY and ALPACA_SECRET_KEY" in wrong.stderr


def request(symbols: int, minutes: int, a_minute: int = 200) -> HistoryRequest:
    access = AlpacaAccess(SecretStr("k"), SecretStr("s"), Feed.SIP, requests_a_minute=a_minute)
    return HistoryRequest(
        tuple(f"S{number}" for number in range(symbols)), date(2017, 1, 3), date(2024, 12, 31),
        "NYSE", minutes, "alpaca", Path("data"), ProviderAccess(alpaca=access),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (request(40, 5), "up to 1,546 requests to alpaca, 8 minutes at 200 a minute"),
        (request(40, 1), "up to 7,730 requests to alpaca, 39 minutes at 200 a minute"),
        (request(7000, 5), "up to 270,548 requests to alpaca, 23 hours at 200 a minute"),
        (request(7000, 5, 10_000), "27 minutes at 10000 a minute"),
        (request(4, 5), None),
    ],
)
def test_how_long_years_take_is_said_beforehand(asked: HistoryRequest, words: str | None) -> None:
    line = estimate_of(asked, 2013, PieceSize(remembered_as="alpaca:sip"))
    assert words is None if line is None else words is not None and words in line
    # Who is asked first gives no such figure.
    assert estimate_of(asked, 2013, PieceSize()) is None
