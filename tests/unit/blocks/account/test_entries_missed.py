"""Somebody whose session traded nothing sees what it wanted to enter, and why it did not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from blocks.account.status import account_status
from blocks.ledger.ledger import DuckDBLedger
from flows.pages.status import print_status
from trading.session.events import OrderUpdate
from trading.session.orders import Leg, Status

DAY = "2025-06-10"


def ended(name: str, symbol: str, status: Status, reason: str) -> OrderUpdate:
    return OrderUpdate(name, symbol, Leg.ENTRY, status, 0, None, 9, reason)


def test_status_names_late_bars_and_entries_that_came_to_nothing(
    tmp_path: Path, capsys: Any
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    epoch = ledger.acquire_lease()
    refusal = "permanent: HTTP 403: cost basis must be >= minimal amount of order 1"
    events = [
        ended("one", "AAA", Status.WORKING, ""),
        ended("one", "AAA", Status.REJECTED, refusal),
        ended("two", "BBB", Status.CANCELLED, "missed"),
        ended("three", "BBB", Status.CANCELLED, "missed"),
        # A strategy's own wish is no news, and neither is one that was filled.
        ended("four", "CCC", Status.CANCELLED, ""),
        ended("five", "DDD", Status.FILLED, ""),
    ]
    ledger.commit(events, epoch=epoch, session=DAY)
    ledger.release()
    orders = [("one", "AAA"), ("two", "BBB"), ("three", "BBB"), ("four", "CCC"), ("five", "DDD")]
    with duckdb.connect(str(tmp_path / "paper" / "ledger.duckdb")) as store:
        for name, symbol in orders:
            filled = 9 if name == "five" else 0
            store.execute(
                "INSERT INTO orders (client_order_id, session, symbol, leg, filled)"
                " VALUES (?, ?, ?, 'entry', ?)",
                [name, DAY, symbol, filled],
            )
        for number, reason in enumerate(("missed", "missed", "no_breakout")):
            store.execute(
                "INSERT INTO decisions (session, bar, symbol, reason) VALUES (?, ?, 'AAA', ?)",
                [DAY, f"{DAY} 14:0{number}:00+00", reason],
            )
    status = account_status(tmp_path, "paper")
    assert status.as_dict()["missed"] == {
        "session": DAY,
        "bars": 3,
        "late_bars": 2,
        "entries": [
            {"symbol": "AAA", "reason": refusal.removeprefix("permanent: "), "count": 1},
            {"symbol": "BBB", "reason": "the decision came too late", "count": 2},
        ],
    }
    print_status(status)
    assert (
        "2025-06-10: 2 of 3 bars came too late to enter by; entries that came to nothing: AAA (HTTP"
        " 403: cost basis must be >= minimal amount of order 1), 2 of BBB (the decision came too"
        " late)" in capsys.readouterr().out
    )
