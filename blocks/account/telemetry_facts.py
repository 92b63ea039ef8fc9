"""What an account's telemetry says now: its newest numbers, when a bar arrived, and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from blocks.telemetry.file import WAIT_SECONDS, telemetry_file, telemetry_path
from blocks.telemetry.metrics import Metric, latest_metrics
from blocks.telemetry.telemetry import SESSION

ERRORS_COUNT_FOR = timedelta(hours=1)
MOST_ERRORS = 1000


@dataclass(frozen=True, slots=True)
class LoggedError:
    """A line of a session's log that is an error, its first line alone."""

    ts: datetime
    text: str


@dataclass(frozen=True)
class TelemetryFacts:
    """Telemetry at one moment.

    `arrived` is when the last bar was written, by the clock of who wrote it; `errors` are of the
    hour before it was read, the newest first.
    """

    metrics: Mapping[str, Metric] = field(default_factory=dict)
    arrived: datetime | None = None
    errors: tuple[LoggedError, ...] = ()

    def errors_at(self, now: datetime) -> tuple[LoggedError, ...]:
        """Return the errors that count at a moment."""
        return tuple(e for e in self.errors if now - ERRORS_COUNT_FOR <= e.ts <= now)


def read_telemetry(
    data_dir: Path, account: str, now: datetime, wait_seconds: float = WAIT_SECONDS
) -> TelemetryFacts:
    """Read an account's telemetry; nothing where no session wrote any.

    Raises StoreUnavailable when it cannot be read.
    """
    if not telemetry_path(data_dir, account).exists():
        return TelemetryFacts()
    file = telemetry_file(data_dir, account, wait_seconds=wait_seconds)
    with file.reading() as connection:
        return TelemetryFacts(
            latest_metrics(connection), _arrived(connection), _errors(connection, now)
        )


def _arrived(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    row = connection.execute("SELECT ts FROM heartbeats WHERE component = ?", [SESSION]).fetchone()
    return None if row is None else row[0].astimezone(UTC)


def _errors(connection: duckdb.DuckDBPyConnection, now: datetime) -> tuple[LoggedError, ...]:
    rows = connection.execute(
        "SELECT ts, split_part(message, chr(10), 1) FROM service_logs"
        " WHERE level IN ('ERROR', 'CRITICAL') AND ts >= ? ORDER BY ts DESC LIMIT ?",
        [now - ERRORS_COUNT_FOR, MOST_ERRORS],
    ).fetchall()
    return tuple(LoggedError(ts.astimezone(UTC), text) for ts, text in rows)
