"""Another EXCHANGE in the settings: what is open is traded on, and nothing more is begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from blocks.account.names import PAPER
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from flows import trade
from flows.pages.live_page import LivePage
from flows.process.words import BAD_INPUT, SKIPPED
from flows.session.account.own_terms import on_its_own_terms
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from tests.unit.flows.session.watched_day import ACCOUNT, WatchedDay, under_its_clock
from trading.errors import BadInput


class Unwatched(WatchedDay):
    """A day whose health nobody asks for."""

    def look(self, now: datetime) -> None:
        pass


def test_an_open_session_is_traded_on_when_the_settings_name_another_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = Unwatched(tmp_path, 60, "2025-06-10 20:30:02")
    with under_its_clock(day, monkeypatch):
        day.trade("2025-06-10 21:00")
        # Which is closed by now.
        day.exchange = "LSE"
        assert day.trade("2025-06-11 00:00:30") == 1
        ledger = DuckDBLedger(tmp_path, ACCOUNT)
        assert ledger.sessions() == [("2025-06-10", True)]
        bars = len({row["ts"] for row in ledger.query("SELECT ts FROM equity")})
        assert bars == 24
        ledger.release()
        with pytest.raises(BadInput, match="begun on exchange 24/7 and not on LSE"):
            day.trade("2025-06-11 02:00")
        assert ledger.sessions() == [("2025-06-10", True)]


def test_only_a_session_that_follows_the_clock_has_an_exchange_of_its_own(tmp_path: Path) -> None:
    for account in (PAPER, "replay"):
        ledger = DuckDBLedger(tmp_path, account)
        ledger.keep_plan({"source": "providers", "exchange": "NYSE"})
        ledger.release()
    asked = SessionRequest(PlainParts(tmp_path, is_live=True), exchange="TSX")
    own = on_its_own_terms(asked)
    assert (own.exchange, own.account) == ("NYSE", PAPER)
    assert "EXCHANGE=NYSE" in str(own.unfit)
    assert on_its_own_terms(replace(asked, exchange="NYSE")).unfit is None
    replayed = SessionRequest(PlainParts(tmp_path), replay="2025-06-10", exchange="TSX")
    assert on_its_own_terms(replayed) == replayed


@pytest.mark.parametrize(
    ("exchange", "message"),
    [
        # The run comes at Toronto's times, when the account's own exchange is closed.
        ("TSX", f"{BAD_INPUT}: account paper was begun on exchange LSE and not on TSX"),
        ("LSE", f"{SKIPPED}: closed: LSE opens next"),
    ],
)
def test_a_run_at_another_exchange_s_times_says_why_no_session_is_begun(
    exchange: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = DuckDBLedger(tmp_path, PAPER)
    ledger.keep_plan({"source": "providers", "exchange": "LSE"})
    ledger.release()
    evening = datetime(2025, 6, 10, 20, tzinfo=UTC)
    now: Callable[[], SimpleNamespace] = lambda: SimpleNamespace(now=lambda: evening)
    monkeypatch.setattr(trade, "SystemClock", now)
    ran = SimpleNamespace(get_tags=list, get_scheduled_start_time=lambda: evening)
    monkeypatch.setattr(trade, "flow_run", ran)
    request = SessionRequest(PlainParts(tmp_path, is_live=True), exchange=exchange)
    page = LivePage("http://127.0.0.1:8085/", tmp_path)
    ended = asyncio.run(trade._trade(request, StopRequest(), page))
    assert str(ended.message).startswith(message)
