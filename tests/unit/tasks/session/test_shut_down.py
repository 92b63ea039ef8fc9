"""Stopped sessions: what is left, what is kept, and what a stop finds from before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from flows.session.parts import PlainParts
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


@pytest.mark.parametrize(("on_shutdown", "closed"), [("flatten", 1), ("hold", 0)])
def test_a_stop_at_the_very_start_does_with_a_session_from_before_what_was_asked(
    held: SessionRequest, on_shutdown: str, closed: int
) -> None:
    before = positions(held.data_dir)
    should_stop = StopRequest()
    should_stop.requested = True
    asked = replace(held, on_shutdown=on_shutdown)
    assert asyncio.run(run_account(asked, should_stop=should_stop)) == closed
    assert positions(held.data_dir) == (0 if closed else before)


def test_a_stop_at_the_very_start_begins_nothing(tmp_path: Path) -> None:
    should_stop = StopRequest()
    should_stop.requested = True
    asked = replace(request(tmp_path), on_shutdown="flatten")
    assert asyncio.run(run_account(asked, should_stop=should_stop)) == 0
    assert DuckDBLedger(tmp_path, "replay").sessions() == []
