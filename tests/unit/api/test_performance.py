"""How an account did is told whatever was paid in and out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from blocks.ledger.ledger import DuckDBLedger
from blocks.live.source import Source


def test_an_account_that_was_emptied_between_sessions_has_figures(data_dir: Path) -> None:
    client = TestClient(create_app(Source(data_dir, "replay")))
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute(
            "INSERT INTO transfers SELECT 1, max(ts), '2025-06-10', -arg_max(equity, ts), 'all'"
            " FROM equity WHERE session = '2025-06-10'"
        )
        connection.execute("UPDATE equity SET equity = 0 WHERE session = '2025-06-11'")
    answer = client.get("/api/metrics/performance")
    assert answer.status_code == 200
    assert answer.json()["final_equity"] == 0
    # What was lost in the session before is all that was lost.
    assert -0.01 < answer.json()["total_return"] < 0
    assert client.get("/").status_code == 200


def test_each_symbols_result_is_that_of_its_trades_and_the_worst_comes_first(
    data_dir: Path,
) -> None:
    answer = TestClient(create_app(Source(data_dir, "replay"))).get("/api/metrics/performance")
    trades = DuckDBLedger(data_dir, "replay").query("SELECT symbol, pnl FROM trades")
    expected: dict[str, list[float]] = {}
    for trade in trades:
        expected.setdefault(str(trade["symbol"]), []).append(float(trade["pnl"]))
    found = answer.json()["symbols"]
    assert {each["symbol"] for each in found} == set(expected)
    for each in found:
        earned = expected[each["symbol"]]
        assert each["pnl"] == pytest.approx(sum(earned))
        assert (each["trades"], each["wins"]) == (len(earned), sum(one > 0 for one in earned))
    assert [each["pnl"] for each in found] == sorted(each["pnl"] for each in found)
    # That of a period is of its trades alone.
    client = TestClient(create_app(Source(data_dir, "replay")))
    last = client.get("/api/metrics/performance?period=day").json()
    assert sum(each["trades"] for each in last["symbols"]) == last["trades"] < len(trades)
