"""Stopped sessions: what is left, what is kept, and what a stop finds from before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from trading.market.calendar import Session

HELD_AFTER = 30


def request(folder: Path) -> SessionRequest:
    return SessionRequest(
        parts=PlainParts(folder),
        replay="2025-06-10",
        symbols=("AAA", "BBB", "CCC", "DDD"),
        settings={"min_body": -1.0, "stop": "atr", "stop_atr": 50.0, "target": "none"},
        on_shutdown="hold",
    )


LEFT = (
    "SELECT payload->>'leg', payload->>'us' FROM journal WHERE kind = 'fill'"
    " AND seq > (SELECT max(seq) FROM journal WHERE kind = 'command')"
)


def rows(asked: SessionRequest, sql: str) -> list[tuple[Any, ...]]:
    ledger = DuckDBLedger(asked.data_dir, "replay")
    try:
        with ledger.reading() as connection:
            return connection.execute(sql).fetchall()
    finally:
        ledger.release()


@pytest.fixture
def held(tmp_path: Path) -> SessionRequest:
    """Stop a session in the middle that keeps what it holds, as one that died does."""
    should_stop = StopRequest()

    def stop_late(session: Session, bar: int, bars: int) -> None:
        should_stop.requested = bar >= HELD_AFTER

    asked = request(tmp_path)
    assert asyncio.run(run_account(asked, should_stop=should_stop, progress=stop_late)) == 0
    assert positions(tmp_path)
    return asked


def positions(folder: Path) -> int:
    ledger = DuckDBLedger(folder, "replay")
    try:
        return len(ledger.query("SELECT * FROM positions"))
    finally:
        ledger.release()


@pytest.mark.parametrize("on_shutdown", ["flatten", "hold"])
def test_a_stop_at_the_very_start_does_with_a_session_from_before_what_was_asked(
    held: SessionRequest, on_shutdown: str
) -> None:
    before = positions(held.data_dir)
    should_stop = StopRequest()
    should_stop.requested = True
    asked = replace(held, on_shutdown=on_shutdown)
    assert asyncio.run(run_account(asked, should_stop=should_stop)) == 0
    assert positions(held.data_dir) == (0 if on_shutdown == "flatten" else before)


def test_a_session_that_was_left_goes_on_flat_and_is_closed_at_its_close(
    held: SessionRequest,
) -> None:
    should_stop = StopRequest()
    should_stop.requested = True
    leaving = replace(held, on_shutdown="flatten")
    asyncio.run(run_account(leaving, should_stop=should_stop))
    assert rows(held, "SELECT value FROM meta WHERE name = 'stopped'") == [("2025-06-10",)]
    left = rows(held, LEFT)
    assert left
    assert {leg for leg, _ in left} == {"newest_price"}
    assert asyncio.run(run_account(leaving)) == 1
    ledger = DuckDBLedger(held.data_dir, "replay")
    assert ledger.sessions() == [("2025-06-10", True)]
    assert rows(held, "SELECT value FROM meta WHERE name = 'stopped'") == [("",)]
    bars = rows(held, "SELECT payload->>'bar' FROM journal WHERE kind = 'bar' ORDER BY seq")
    assert [int(bar) for (bar,) in bars] == list(range(78)), "a bar was lost or taken twice"


def test_what_is_left_is_priced_when_it_was_left_and_not_as_a_close(held: SessionRequest) -> None:
    should_stop = StopRequest()
    should_stop.requested = True
    asyncio.run(run_account(replace(held, on_shutdown="flatten"), should_stop=should_stop))
    last_bar = rows(held, "SELECT max(epoch_us(ts)) FROM journal WHERE kind = 'bar'")[0][0]
    for leg, us in rows(held, LEFT):
        assert leg == "newest_price"
        assert int(us) >= last_bar, "booked before the bar that was seen last"
    reasons = rows(held, "SELECT DISTINCT exit_reason FROM trades ORDER BY ALL")
    assert ("assumed_close",) not in reasons
    assert ("operator",) in reasons


def test_a_stop_at_the_very_start_begins_nothing(tmp_path: Path) -> None:
    should_stop = StopRequest()
    should_stop.requested = True
    asked = replace(request(tmp_path), on_shutdown="flatten")
    assert asyncio.run(run_account(asked, should_stop=should_stop)) == 0
    assert DuckDBLedger(tmp_path, "replay").sessions() == []
