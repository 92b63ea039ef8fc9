"""A row that no version of Openbell wrote is one line to whoever looks, and never a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from blocks.ledger.ledger import DuckDBLedger
from blocks.live.source import Source

PATHS = (
    "/", "/sessions/2025-06-10", "/health/ready", "/metrics", "/api/live", "/api/account",
    "/api/positions", "/api/orders", "/api/trades", "/api/signals", "/api/decisions",
    "/api/messages", "/api/days", "/api/bars?symbol=AAPL", "/api/parity",
    "/api/metrics/performance",
)  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT OR REPLACE INTO meta VALUES ('differences', '{')",
        "INSERT OR REPLACE INTO meta VALUES ('differences', '[1]')",
        "INSERT OR REPLACE INTO meta VALUES ('drawdown since', 'a while ago')",
        "INSERT OR REPLACE INTO meta VALUES ('format', 'the newest')",
        "INSERT INTO commands (number) VALUES (99999)",
        "INSERT INTO transfers (number) VALUES (99999)",
        "INSERT INTO equity VALUES (now()::TIMESTAMPTZ, NULL, NULL)",
        "INSERT INTO outbox (id) VALUES ('nobodys')",
        "INSERT INTO parity (session) VALUES ('2025-06-10')",
        "UPDATE journal SET session = NULL",
        "UPDATE journal SET payload = NULL",
    ],
)
def test_it_is_one_line_wherever_somebody_looks(sql: str, data_dir: Path) -> None:
    with DuckDBLedger(data_dir, "replay").changing() as connection:
        connection.execute(sql)
    client = TestClient(create_app(Source(data_dir, "replay")), raise_server_exceptions=False)
    refused = []
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code in (200, 404, 503), path
        if answer.status_code == 503 and path.startswith("/api"):
            refused.append(answer.json()["error"])
    assert all("\n" not in line and "openbell restore" in line for line in refused)
    page = client.get("/").text
    ready = client.get("/health/ready").json()
    # Somewhere it is told.
    assert refused or "cannot be read" in page or ready["status"] == "unhealthy"
