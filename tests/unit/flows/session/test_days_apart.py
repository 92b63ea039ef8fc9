"""A session that nobody traded to its end: what rested was met as it would have been."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process.clocks import ReplayClock
from blocks.process.stop_request import StopRequest
from flows.session.account import account as account_module
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from trading.market.calendar import Session, sessions_between

MINUTES = 15
HOLDING = {
    "range_minutes": MINUTES,
    "min_body": -1.0,
    "stop": "atr",
    "stop_atr": 2.5,
    "target": "none",
    "max_entries": 1,
    "max_positions": 5,
}
# Four of the five hold something after these bars, and two are stopped out after that.
LEFT_AFTER = 5
SETTLING_US = 15_000_000


class RareLooks(PlainParts):
    """Parts that look at the exchange once a bar: the clock jumps, and each look costs."""

    @property
    def tend_seconds(self) -> float:
        return 3600.0


class Day:
    """A paper account whose clock begins where a test says, and jumps instead of waiting."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._patch = patch

    def trade(self, begin: str, stop_after: int = 10_000) -> int:
        clock = ReplayClock(datetime.fromisoformat(begin).replace(tzinfo=UTC))

        class At(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return clock.now()

        should_stop = StopRequest()

        def count(session: Session, bar: int, bars: int) -> None:
            should_stop.requested = bar >= stop_after

        request = SessionRequest(
            parts=RareLooks(self.folder),
            symbols=("AAA", "BBB", "CCC", "DDD", "EEE"),
            interval_minutes=MINUTES,
            settings=HOLDING,
        )
        with self._patch.context() as patch:
            patch.setattr(account_module, "datetime", At)
            patch.setattr(account_module, "SystemClock", lambda: clock)
            return asyncio.run(run_account(request, should_stop=should_stop, progress=count))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        ledger = DuckDBLedger(self.folder, "simulated")
        try:
            return ledger.query(sql)
        finally:
            ledger.release()


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    return Day(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """A day that was left with its positions, and traded on the next; not to be written to."""
    with pytest.MonkeyPatch.context() as patch:
        day = Day(tmp_path_factory.mktemp("left-alone"), patch)
        assert day.trade("2025-06-10 13:29", stop_after=LEFT_AFTER) == 0
        assert day.rows("SELECT * FROM trades") == []
        assert len(day.rows("SELECT * FROM positions")) == 4
        assert day.trade("2025-06-11 12:00") == 2
        yield day


TRADES = "SELECT symbol, exit_reason, exit_time, exit_price FROM trades ORDER BY exit_time, symbol"


def test_a_session_that_was_left_alone_is_closed_first_and_its_stops_were_met(
    day: Day, left_alone: Day
) -> None:
    assert day.trade("2025-06-10 13:29") == 1
    expected = [row for row in day.rows(TRADES) if row["exit_reason"] == "stop"]
    assert len(expected) == 2
    stops = [row for row in left_alone.rows(TRADES) if row["exit_reason"] == "stop"]
    assert stops[: len(expected)] == expected
    closed = "SELECT session::VARCHAR AS s FROM journal WHERE kind = 'session_closed'"
    assert [row["s"] for row in left_alone.rows(closed)] == ["2025-06-10", "2025-06-11"]
    bars = "SELECT session, count(*) AS n FROM journal WHERE kind = 'bar' GROUP BY 1"
    assert [row["n"] for row in left_alone.rows(bars)] == [26, 26]


MONDAY, TUESDAY, THURSDAY = "2025-06-09", "2025-06-10", "2025-06-12"
BEGUN = {
    "it is closed": ([(MONDAY, True)], True, []),
    "nothing was begun": ([], False, []),
    "it is today's": ([(THURSDAY, False)], True, []),
    "it is flat": ([(MONDAY, True), (TUESDAY, False)], False, [TUESDAY]),
    "it holds": ([(TUESDAY, False)], True, [TUESDAY, "2025-06-11"]),
    "an earlier version went on without closing it": ([(MONDAY, False), (TUESDAY, True)], True, []),
}


@pytest.mark.parametrize("case", BEGUN)
def test_only_the_session_begun_last_can_be_left_open(case: str) -> None:
    begun, is_holding, expected = BEGUN[case]
    held = [{"symbol": "AAA"}] if is_holding else []
    ledger = SimpleNamespace(sessions=lambda: begun, query=lambda sql: held)
    account: Any = SimpleNamespace(ledger=ledger, plan=SimpleNamespace(exchange="NYSE"))
    coming = sessions_between("NYSE", date(2025, 6, 12), date(2025, 6, 12))[0]
    found = account_module.Account._left_open(account, coming)
    assert [str(session.date) for session in found] == expected


def test_what_was_to_be_left_is_left_at_the_next_open_and_never_before_it_was_asked(
    left_alone: Day,
) -> None:
    left = next(row for row in left_alone.rows(TRADES) if row["symbol"] == "CCC")
    assert left["exit_reason"] == "flatten"
    assert left["exit_time"] == datetime(2025, 6, 11, 13, 30, tzinfo=UTC)


def test_no_fill_is_older_than_its_order_when_a_session_is_joined_late(day: Day) -> None:
    assert day.trade("2025-06-10 15:14:22") == 1
    made: dict[str, int] = {}
    fills = 0
    for row in day.rows("SELECT kind, payload FROM journal ORDER BY seq"):
        content = orjson.loads(row["payload"])
        if row["kind"] == "intent" and content["action"] == "submit":
            made.setdefault(content["client_order_id"], content["us"])
        if row["kind"] == "fill" and content["client_order_id"] in made:
            fills += 1
            assert content["us"] >= made[content["client_order_id"]] - SETTLING_US
            assert content["us"] >= 1749568462_000_000 - SETTLING_US
    assert fills
    decisions = day.rows("SELECT bar, reason FROM decisions ORDER BY bar")
    reasons = {row["reason"] for row in decisions if row["bar"].hour < 15}
    assert not reasons & {"enter_long", "enter_short"}
    assert "missed" in reasons


def test_the_session_that_is_stopped_goes_on_the_same_day(day: Day) -> None:
    assert day.trade("2025-06-10 13:29", stop_after=LEFT_AFTER) == 0
    assert day.trade("2025-06-10 15:20:00") == 1
    stops = [row["exit_time"] for row in day.rows(TRADES) if row["exit_reason"] == "stop"]
    assert stops == [
        datetime(2025, 6, 10, 15, 30, tzinfo=UTC),
        datetime(2025, 6, 10, 16, 0, tzinfo=UTC),
    ]
