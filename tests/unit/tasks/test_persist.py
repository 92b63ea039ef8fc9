"""A session joined late writes for people now and then, and has told everything in the end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from blocks.telemetry.file import telemetry_file
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks import persist
from trading.market.calendar import Session

# All of the day is over within milliseconds.
SPEED = 1e7
BARS = 78
STOPPED_AFTER = 25
SHOWN = ("trades", "equity", "decisions", "orders", "outbox")
# Enters soon, and holds until a stop is met that rested there all the while.
HOLDING = {"min_body": -1.0, "stop": "atr", "stop_atr": 6.0, "target": "none", "max_entries": 1}


def trade_a_day_that_is_joined_after_its_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Stop a session in the middle and go on when its day is over.

    Returns how often projections were written then, and what is in each table after the close.
    """
    writes = 0
    commit = DuckDBLedger.commit

    def counted(ledger: DuckDBLedger, *arguments: Any, **named: Any) -> None:
        nonlocal writes
        writes += named.get("projection") is not None
        commit(ledger, *arguments, **named)

    def request(speed: float | None) -> SessionRequest:
        return SessionRequest(
            parts=PlainParts(folder),
            replay="2025-06-10",
            symbols=("AAA", "BBB"),
            settings=HOLDING,
            speed=speed,
        )

    should_stop = StopRequest()

    def count(session: Session, bar: int, bars: int) -> None:
        should_stop.requested = bar >= STOPPED_AFTER

    asyncio.run(run_account(request(None), should_stop=should_stop, progress=count))
    ledger = DuckDBLedger(folder, "replay")
    assert ledger.query("SELECT * FROM positions")
    ledger.release()
    with monkeypatch.context() as patch:
        patch.setattr(DuckDBLedger, "commit", counted)
        assert asyncio.run(run_account(request(SPEED))) == 1
    # Wall times and chance names differ between any two runs.
    tables = {
        table: [
            {name: value for name, value in row.items() if name not in ("id", "ts", "payload")}
            for row in ledger.query(f"SELECT * FROM {table} ORDER BY ALL")
        ]
        for table in SHOWN
    }
    ledger.release()
    with telemetry_file(folder, "replay").transaction() as connection:
        noted = connection.execute("SELECT session, number FROM trade_notes ORDER BY ALL")
        tables["trade_notes"] = [{"session": day, "number": n} for day, n in noted.fetchall()]
    return writes, tables


def test_catching_up_writes_seldom_and_leaves_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persist, "CATCH_UP_SECONDS", 0.0)
    each, expected = trade_a_day_that_is_joined_after_its_end(tmp_path / "each", monkeypatch)
    monkeypatch.setattr(persist, "CATCH_UP_SECONDS", 600.0)
    some, tables = trade_a_day_that_is_joined_after_its_end(tmp_path / "some", monkeypatch)
    assert each >= BARS - STOPPED_AFTER
    assert some < (BARS - STOPPED_AFTER) / 5
    assert tables == expected
    assert len(tables["equity"]) >= BARS
    assert len(tables["trade_notes"]) == len(tables["trades"]) > 0
    assert {row["reason"] for row in tables["decisions"]} >= {"position_open"}
