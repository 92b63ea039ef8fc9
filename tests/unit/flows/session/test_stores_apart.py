"""One of the two files is gone or old: nothing is turned, and nobody calls it well."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.exchange.mock_exchange import MockExchange
from blocks.health.health import check_health
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.plan import make_plan

SYMBOLS = ("AAA", "BBB", "CCC")
MINUTES = 15
HOLDING = {
    "range_minutes": MINUTES,
    "min_body": -1.0,
    "stop": "atr",
    "stop_atr": 50.0,
    "target": "none",
    "max_entries": 1,
}


def trade(asked: SessionRequest, stop_after: int = 1000) -> int:
    should_stop = StopRequest()

    def count(session: Session, bar: int, bars: int) -> None:
        should_stop.requested = bar >= stop_after

    return asyncio.run(run_account(asked, should_stop=should_stop, progress=count))


@pytest.fixture
def holding(tmp_path: Path) -> SessionRequest:
    asked = SessionRequest(
        parts=PlainParts(tmp_path),
        replay="2025-06-10",
        symbols=SYMBOLS,
        settings=HOLDING,
        interval_minutes=MINUTES,
    )
    assert trade(asked, stop_after=5) == 0
    return asked


def held_there(asked: SessionRequest) -> dict[str, int]:
    plan = make_plan(SYMBOLS, HOLDING, exchange="NYSE", interval_minutes=MINUTES, capital=10_000.0)
    exchange = MockExchange(asked.data_dir, "replay", plan)
    try:
        return exchange.positions()
    finally:
        exchange.close()


def held_here(asked: SessionRequest) -> dict[str, int]:
    ledger = DuckDBLedger(asked.data_dir, "replay")
    rows = ledger.query("SELECT symbol, quantity FROM positions")
    ledger.release()
    return {row["symbol"]: row["quantity"] for row in rows}


def test_a_deleted_exchange_is_said_by_all_and_nothing_is_shorted(holding: SessionRequest) -> None:
    here = held_here(holding)
    assert here
    (holding.data_dir / "replay" / "exchange-mock.duckdb").unlink()
    with pytest.raises(BadInput, match="ledger and exchange differ") as refusal:
        trade(holding)
    for symbol, quantity in here.items():
        assert f"{symbol}: ledger {quantity}, exchange 0" in refusal.value.what
    assert all(quantity >= 0 for quantity in held_there(holding).values())
    report = check_health(holding.data_dir, "replay", datetime.now(UTC))
    exchange = next(c for c in report.components if c.name == "exchange")
    assert str(exchange.level) == "unhealthy"
    assert all(symbol in exchange.reason for symbol in here)
    ledger = DuckDBLedger(holding.data_dir, "replay")
    alerts = ledger.query("SELECT payload FROM outbox WHERE kind = 'SYSTEM_ERROR'")
    decided = ledger.query(
        "SELECT DISTINCT reason FROM decisions WHERE symbol IN ('AAA', 'BBB', 'CCC')"
    )
    ledger.release()
    differ = [row for row in alerts if "ledger and exchange differ" in row["payload"]]
    assert len(differ) >= len(here), "people were not told"
    assert "reconciliation" in {row["reason"] for row in decided}


@pytest.mark.parametrize("old", ["ledger.duckdb", "exchange-mock.duckdb"])
def test_one_file_that_is_brought_back_older_than_the_other_turns_nothing(
    holding: SessionRequest, old: str, tmp_path: Path
) -> None:
    folder = holding.data_dir / "replay"
    aside = tmp_path / "aside"
    aside.mkdir()
    shutil.copy(folder / old, aside / old)
    assert trade(replace(holding), stop_after=13) == 0
    shutil.copy(aside / old, folder / old)
    (folder / f"{old}.wal").unlink(missing_ok=True)
    with suppress(BadInput):
        trade(holding)
    there = held_there(holding)
    assert all(quantity >= 0 for quantity in there.values()), "a position was turned"
    differs = {s for s in SYMBOLS if held_here(holding).get(s, 0) != there.get(s, 0)}
    report = check_health(holding.data_dir, "replay", datetime.now(UTC))
    exchange = next(c for c in report.components if c.name == "exchange")
    assert (str(exchange.level) == "healthy") == (not differs)
