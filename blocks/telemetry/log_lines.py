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

from blocks.process.logs import ROOT_NAME, MaskingFilter, get_logger
from blocks.stores.condition import condition
from blocks.stores.duckdb_file import DuckDBFile
from blocks.stores.insertion import insert_columns
from trading.errors import BadInput

RETENTION_DAYS = 3.0
MOST_BUFFERED = 2000
_COLUMNS = {
    "ts": "TIMESTAMPTZ",
    "level": "VARCHAR",
    "logger": "VARCHAR",
    "message": "VARCHAR",
    "context": "VARCHAR",
}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
SERIOUS = frozenset({"ERROR", "CRITICAL"})


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
        level: str | None = None,
        logger: str | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        limit: int = 1000,
        *,
        least: str | None = None,
        search: str | None = None,
    ) -> list[LogLine]:
        """Return the newest lines, the newest first; both ends of the time are included.

        `level` is theirs, `least` the least serious that is wanted. `logger` is a part of Openbell,
        such as `session`, with what belongs to it. `search` is found in capitals or without.
        """
        where, values = _wanted(level, logger, start_time, end_time, least, search)
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT ts, level, logger, message, context FROM service_logs {where}"
                " ORDER BY ts DESC, rowid DESC LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [
            LogLine(ts.astimezone(UTC), level, logger, message, orjson.loads(context))
            for ts, level, logger, message, context in rows
        ]

    def count_logs(self, level: str | None = None, logger: str | None = None) -> int:
        """Return how many lines there are."""
        where, values = _wanted(level, logger)
        with self._file.reading() as connection:
            row = connection.execute(
                f"SELECT count(*) FROM service_logs {where}", values
            ).fetchone()
        return int(row[0]) if row else 0

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
        self._has_error = False
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
        self._has_error |= record.levelno >= logging.ERROR
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

    @property
    def has_error(self) -> bool:
        """Return whether an error is among what is kept."""
        return self._has_error

    def forget(self, count: int) -> None:
        """Let go of the first lines, which are written."""
        for _ in range(min(count, len(self._lines))):
            self._lines.popleft()
        self._has_error = any(line.level in SERIOUS for line in self._lines)

    def attach(self) -> None:
        """Begin to listen to Openbell's loggers."""
        logging.getLogger(ROOT_NAME).addHandler(self)

    def detach(self) -> None:
        """Listen no more."""
        logging.getLogger(ROOT_NAME).removeHandler(self)


def insert_logs(connection: duckdb.DuckDBPyConnection, lines: Iterable[LogLine]) -> None:
    """Write lines inside a transaction."""
    rows = (
        (
            line.ts,
            line.level,
            line.logger,
            line.message,
            orjson.dumps(dict(line.context), default=str, option=orjson.OPT_NON_STR_KEYS).decode(),
        )
        for line in lines
    )
    insert_columns(connection, "service_logs", _COLUMNS, rows)


def _wanted(
    level: str | None,
    logger: str | None,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    least: str | None = None,
    search: str | None = None,
) -> tuple[str, list[object]]:
    """Return the condition that lines fulfil, and its values."""
    part = None if logger is None else get_logger(logger).name
    return condition(
        ("level = ?", None if level is None else _known(level)),
        ("list_contains(?, level)", None if least is None else _as_serious(least)),
        ("starts_with(logger || '.', ? || '.')", part),
        ("ts >= ?", start_time),
        ("ts <= ?", end_time),
        ("contains(lower(message), lower(?))", search),
    )


def _known(level: str) -> str:
    if level.upper() not in LEVELS:
        raise BadInput(f"{level!r} is no level of log lines", f"Use one of {', '.join(LEVELS)}")
    return level.upper()


def _as_serious(level: str) -> list[str]:
    return list(LEVELS[LEVELS.index(_known(level)) :])
