"""Log lines of the sessions, kept for some days where they can be asked for."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import orjson

from blocks.process.logs import ROOT_NAME, MaskingFilter
from blocks.stores.duckdb_file import DuckDBFile

RETENTION_DAYS = 3.0
MOST_BUFFERED = 2000
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log, without secrets."""

    ts: datetime
    level: str
    logger: str
    message: str
    context: Mapping[str, Any] = field(default_factory=dict)


class LogStore:
    """Log lines in the telemetry file; raises StoreUnavailable where that fails."""

    def __init__(self, file: DuckDBFile) -> None:
        self._file = file

    def insert_log(
        self, level: str, logger: str, message: str, ts: datetime | None = None, **context: object
    ) -> None:
        """Write one line, at the present time unless another is given."""
        with self._file.transaction() as connection:
            insert_logs(
                connection, [LogLine(ts or datetime.now(UTC), level, logger, message, context)]
            )

    def get_logs(
        self,
        limit: int = 100,
        least: str = "DEBUG",
        since: datetime | None = None,
        contains: str = "",
    ) -> list[LogLine]:
        """Return the newest lines that are at least so serious, the newest first."""
        levels = list(LEVELS[LEVELS.index(least) :])
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT ts, level, logger, message, context FROM service_logs"
                " WHERE list_contains(?, level) AND ts >= ? AND contains(message, ?)"
                " ORDER BY ts DESC LIMIT ?",
                [levels, since or datetime(1970, 1, 1, tzinfo=UTC), contains, limit],
            ).fetchall()
        return [
            LogLine(ts, level, logger, message, orjson.loads(context))
            for ts, level, logger, message, context in rows
        ]

    def cleanup_old_logs(self, now: datetime, days: float = RETENTION_DAYS) -> int:
        """Remove lines older than some days; return how many."""
        with self._file.transaction() as connection:
            row = connection.execute(
                "DELETE FROM service_logs WHERE ts < ?", [now - timedelta(days=days)]
            ).fetchone()
        return int(row[0]) if row else 0


class LogBuffer(logging.Handler):
    """Keeps Openbell's lines in memory until the next bar writes them; the oldest go first."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[LogLine] = deque(maxlen=MOST_BUFFERED)
        self.addFilter(MaskingFilter())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        context = getattr(record, "context", None)
        message = record.getMessage()
        if record.exc_text or record.exc_info:
            message += "\n" + (
                record.exc_text
                or logging.Formatter().formatException(
                    record.exc_info  # type: ignore[arg-type]
                )
            )
        self._lines.append(
            LogLine(
                datetime.fromtimestamp(record.created, UTC),
                record.levelname,
                record.name,
                message,
                context if isinstance(context, dict) else {},
            )
        )

    def lines(self) -> list[LogLine]:
        """Return what is kept."""
        return list(self._lines)

    def forget(self, count: int) -> None:
        """Let go of the first lines, which are written."""
        for _ in range(min(count, len(self._lines))):
            self._lines.popleft()

    def attach(self) -> None:
        """Begin to listen to Openbell's loggers."""
        logging.getLogger(ROOT_NAME).addHandler(self)

    def detach(self) -> None:
        """Listen no more."""
        logging.getLogger(ROOT_NAME).removeHandler(self)


def insert_logs(connection: duckdb.DuckDBPyConnection, lines: Iterable[LogLine]) -> None:
    """Write lines inside a transaction."""
    rows = [
        (
            line.ts,
            line.level,
            line.logger,
            line.message,
            orjson.dumps(dict(line.context), default=str, option=orjson.OPT_NON_STR_KEYS).decode(),
        )
        for line in lines
    ]
    if rows:
        marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(rows))
        connection.execute(
            f"INSERT INTO service_logs VALUES {marks}", [value for row in rows for value in row]
        )
