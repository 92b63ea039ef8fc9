"""The file of an account's telemetry: metrics, log lines, heartbeats and notes on trades."""

from __future__ import annotations

from pathlib import Path

from blocks.account_files import TELEMETRY_FILE
from blocks.stores.duckdb_file import DuckDBFile

# Telemetry is never worth waiting for: a session that cannot have the file goes on without.
WAIT_SECONDS = 2.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS metrics (
    ts TIMESTAMPTZ, type VARCHAR, name VARCHAR, value DOUBLE, dimensions VARCHAR
);
CREATE TABLE IF NOT EXISTS service_logs (
    ts TIMESTAMPTZ, level VARCHAR, logger VARCHAR, message VARCHAR, context VARCHAR
);
CREATE TABLE IF NOT EXISTS heartbeats (
    component VARCHAR PRIMARY KEY, ts TIMESTAMPTZ, level VARCHAR, reason VARCHAR
);
CREATE TABLE IF NOT EXISTS trade_notes (
    session DATE, number BIGINT, seen_at TIMESTAMPTZ, latency_seconds DOUBLE, note VARCHAR,
    noted_at TIMESTAMPTZ, PRIMARY KEY (session, number)
);
"""


def telemetry_path(data_dir: Path, account: str) -> Path:
    """Return where an account's telemetry is."""
    return data_dir / account / TELEMETRY_FILE


def telemetry_file(
    data_dir: Path, account: str, hold_seconds: float = 0.0, wait_seconds: float = WAIT_SECONDS
) -> DuckDBFile:
    """Return the file; it is made when it is first written or read."""
    path = telemetry_path(data_dir, account)
    return DuckDBFile(path, SCHEMA, hold_seconds, wait_seconds, may_be_made_again=True)
