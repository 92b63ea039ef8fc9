"""A fault that passes ends no session: it is opened anew from its journal and traded to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks.exchange.mock_exchange import MockExchange
from blocks.exchange.order_desk import OrderDesk
from blocks.ledger.ledger import DuckDBLedger
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.process.clocks import ReplayClock
from blocks.process.stop_request import StopRequest
from flows.session import passing_fault
from flows.session import trade_session as trade_session_module
from flows.session.account.account import Account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.session.runtime import RUNTIMES
from trading.errors import BadInput, LeaseLost, OpenbellError, SourceUnavailable, StoreUnavailable
from trading.market.calendar import Session, sessions_between
from trading.session.ports import Notifier

DAY = "2025-06-10"
# Of its 13 bars the session consumes these before the fault; it holds something then.
STRUCK_AFTER = 5


class Heard:
    """A notifier that keeps what it was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def send(self, kind: str, text: str, **fields: object) -> None:
        self.texts.append(f"{kind}: {text} {fields}")

    def count(self, words: str) -> int:
        return sum(words in text for text in self.texts)


@dataclass(frozen=True)
class HeardParts(PlainParts):
    heard: Heard = field(default_factory=Heard)

    def notifier(self) -> Notifier:
        return self.heard


class Strike:
    """A method that fails some times, from the first call on that finds the session underway."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error = error
        self.left = times
        self.is_armed = False

    def before(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def struck(*arguments: Any, **named: Any) -> Any:
            if self.is_armed and self.left:
                self.left -= 1
                raise self.error
            return method(*arguments, **named)

        return struck


@pytest.fixture(autouse=True)
def a_clock_that_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a session in real time wait for nothing, so that every bar comes in time."""
    clocks: dict[Path, ReplayClock] = {}

    def clock(account: Account, session: Session) -> ReplayClock:
        return clocks.setdefault(account.request.data_dir, ReplayClock(session.open))

    monkeypatch.setattr(Account, "clock", clock)
    monkeypatch.setattr(passing_fault, "FIRST_WAIT_SECONDS", 0.0)


def asked(folder: Path, **changed: Any) -> SessionRequest:
    given: dict[str, Any] = {
        "parts": HeardParts(folder),
        "replay": DAY,
        "symbols": ("AAA", "BBB", "CCC", "DDD"),
        "interval_minutes": 30,
        "settings": {
            "range_minutes": 30,
            "min_body": -1.0,
            "stop": "atr",
            "stop_atr": 50.0,
            "target": "none",
        },
        # The clock does not follow it; it only makes looks at the exchange seldom.
        "speed": 1_000.0,
    }
    return SessionRequest(**(given | changed))


def trade(request: SessionRequest, strike: Strike | None = None) -> int:
    def arm(session: Session, bar: int, bars: int) -> None:
        if strike is not None and bar == STRUCK_AFTER:
            assert RUNTIMES[DAY].state.book.quantity.any()
            strike.is_armed = True

    return asyncio.run(run_account(request, progress=arm))


def rows(request: SessionRequest, table: str) -> list[dict[str, Any]]:
    ledger = DuckDBLedger(request.data_dir, request.account)
    try:
        return ledger.query(f"SELECT * FROM {table} ORDER BY ALL")
    finally:
        ledger.release()


def heard(request: SessionRequest) -> Heard:
    assert isinstance(request.parts, HeardParts)
    return request.parts.heard


STRUCK = {
    "the ledger cannot be written": (DuckDBLedger, "commit"),
    "the exchange's store cannot be written": (MockExchange, "_save"),
    "the exchange's store cannot be read either": (MockExchange, "_load"),
    "commands cannot be read": (DuckDBLedger, "commands_since"),
    "bars cannot be fetched for long": (SimulatedMarketData, "rows"),
    "what people read cannot be written": (OrderDesk, "project"),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> SessionRequest:
    """Return the same day, replayed without a wait and without a fault."""
    request = asked(tmp_path_factory.mktemp("plain"), speed=None)
    assert trade(request) == 1
    return request


@pytest.mark.parametrize("place", STRUCK)
def test_a_day_with_a_fault_in_it_is_traded_like_one_without(
    place: str, plain: SessionRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    struck = asked(tmp_path)
    owner, name = STRUCK[place]
    strike = Strike(StoreUnavailable(f"{place}: locked", "Wait"), 3)
    monkeypatch.setattr(owner, name, strike.before(getattr(owner, name)))
    if name == "_load":
        # It is read anew when it could not be written.
        monkeypatch.setattr(MockExchange, "_save", strike.before(MockExchange._save))
    assert trade(struck, strike) == 1
    assert strike.left == 0
    for table in ("trades", "positions", "orders"):
        assert rows(struck, table) == rows(plain, table), table
    # Once until a bar was traded again, however often it failed; and that it is over.
    assert 1 <= heard(struck).count("locked") == heard(struck).count("all is well again") <= 3
    told = {row["kind"] for row in rows(struck, "outbox")}
    assert told >= {"SYSTEM_ERROR", "SYSTEM_WARNING"}


@pytest.mark.parametrize("error", [SourceUnavailable("away", "Wait"), KeyError("of a library")])
def test_what_nobody_foresaw_is_waited_out_as_well(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strike = Strike(error, 3)
    monkeypatch.setattr(DuckDBLedger, "commit", strike.before(DuckDBLedger.commit))
    request = asked(tmp_path)
    assert trade(request, strike) == 1
    assert heard(request).count("SYSTEM_ERROR") == 1


@pytest.mark.parametrize("error", [BadInput("no such column", "Mend it"), LeaseLost("x", "y")])
def test_what_a_person_must_mend_ends_the_run_and_leaves_the_session_open(
    error: OpenbellError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strike = Strike(error, 1)
    monkeypatch.setattr(DuckDBLedger, "commit", strike.before(DuckDBLedger.commit))
    request = asked(tmp_path)
    with pytest.raises(type(error)):
        trade(request, strike)
    assert rows(request, "positions")
    assert DuckDBLedger(tmp_path, "replay").sessions() == [(DAY, False)]
    assert trade(request) == 1


def test_a_replay_that_does_not_wait_says_at_once_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strike = Strike(StoreUnavailable("locked", "Wait"), 1)
    monkeypatch.setattr(DuckDBLedger, "commit", strike.before(DuckDBLedger.commit))
    with pytest.raises(StoreUnavailable):
        trade(asked(tmp_path, speed=None), strike)


def test_a_stop_during_a_fault_is_followed_as_soon_as_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    should_stop = StopRequest()
    strike = Strike(StoreUnavailable("locked", "Wait"), 2)
    commit = strike.before(DuckDBLedger.commit)

    def stopping(*arguments: Any, **named: Any) -> Any:
        should_stop.requested = should_stop.requested or strike.is_armed
        return commit(*arguments, **named)

    monkeypatch.setattr(DuckDBLedger, "commit", stopping)
    request = asked(tmp_path, on_shutdown="flatten")

    def arm(session: Session, bar: int, bars: int) -> None:
        strike.is_armed = bar == STRUCK_AFTER

    asyncio.run(run_account(request, should_stop=should_stop, progress=arm))
    assert strike.left == 0
    assert rows(request, "positions") == []


def test_a_fault_that_outlasts_the_session_by_far_is_no_reason_to_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strike = Strike(StoreUnavailable("locked", "Wait"), 10**9)
    monkeypatch.setattr(DuckDBLedger, "commit", strike.before(DuckDBLedger.commit))
    monkeypatch.setattr(trade_session_module, "TRIED_AFTER_CLOSE", timedelta(days=-365))
    with pytest.raises(StoreUnavailable):
        trade(asked(tmp_path), strike)


class RareLooks(HeardParts):
    """Parts that look at the exchange once a bar: the clock jumps, and each look costs."""

    @property
    def tend_seconds(self) -> float:
        return 3600.0


@pytest.mark.parametrize(
    "error", [StoreUnavailable("locked", "Wait"), SourceUnavailable("away", "Wait")]
)
def test_a_run_without_end_outlives_a_fault_between_two_sessions(
    error: OpenbellError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    should_stop = StopRequest()
    day = date.fromisoformat(DAY)
    strike = Strike(error, 3)

    def sessions(account: Account) -> list[Session]:
        # The first has been traded when it is struck, and another comes when that is over.
        should_stop.requested = strike.is_armed
        strike.is_armed = True
        return sessions_between("NYSE", day, day)

    monkeypatch.setattr(Account, "sessions", strike.before(sessions))
    request = asked(tmp_path, parts=RareLooks(tmp_path), replay=None, speed=None)
    assert asyncio.run(run_account(request, should_stop=should_stop, forever=True)) == 1
    assert strike.left == 0
    assert heard(request).count("SYSTEM_ERROR") == 1
    assert heard(request).count("all is well again") == 1


def test_what_a_person_must_mend_between_two_sessions_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strike = Strike(BadInput("no such account", "Mend it"), 1)
    strike.is_armed = True
    monkeypatch.setattr(Account, "sessions", strike.before(Account.sessions))
    request = asked(tmp_path, parts=RareLooks(tmp_path), replay=None, speed=None)
    with pytest.raises(BadInput):
        asyncio.run(run_account(request, forever=True))
