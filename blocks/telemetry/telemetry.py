"""An account's telemetry: what a session writes at each bar, in one transaction."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from blocks.process.clock_offset import NOTED, clock_offset
from blocks.process.shutdown import register_shutdown_handler
from blocks.stores.duckdb_file import DuckDBFile
from blocks.stores.insertion import put
from blocks.telemetry.closed_trades import ClosedTrade
from blocks.telemetry.file import telemetry_file
from blocks.telemetry.log_lines import LogBuffer, insert_logs
from blocks.telemetry.metrics import Metric, MetricType, insert_metrics
from blocks.telemetry.trades import insert_trades
from trading.errors import StoreUnavailable

# As long as the ledger is held: a replay that does not wait would open the file at each bar.
HOLD_SECONDS = 0.15
# What cannot be written now costs a wait for the file: not at every look at the exchange.
AGAIN_AFTER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class BarFigures:
    """What one bar of a session was like; times in seconds, equity in USD.

    `latency_s` runs from the bar's end until its orders were done; `is_fetched` is False when no
    provider answered; `trades` were closed since the bar before. `unprotected_s` is the longest
    time of the session so far that a position had no resting stop of its quantity.
    """

    session: date
    bar: int
    latency_s: float
    fetch_s: float
    is_fetched: bool
    symbols_missing: int
    symbols_blocked: int
    positions: int
    equity: float
    trades: Sequence[ClosedTrade] = ()
    unprotected_s: float = 0.0

    def metrics(self, now: datetime) -> list[Metric]:
        """Return the figures as metrics of now."""
        where: dict[str, str | int | float] = {"session": str(self.session), "bar": self.bar}
        health = {
            "bar_latency_seconds": self.latency_s,
            "fetch_seconds": self.fetch_s,
            "fetch_failed": float(not self.is_fetched),
            "symbols_missing": float(self.symbols_missing),
            "symbols_blocked": float(self.symbols_blocked),
            "unprotected_seconds": self.unprotected_s,
        }
        performance = {"equity_usd": self.equity, "positions": float(self.positions)}
        return [
            Metric(kind, name, value, now, where)
            for kind, values in (
                (MetricType.HEALTH, health),
                (MetricType.PERFORMANCE, performance),
            )
            for name, value in values.items()
        ]

    def notes(self, now: datetime) -> list[tuple[date, int, datetime, float]]:
        """Return what is noted of each trade."""
        return [(self.session, trade.number, now, self.latency_s) for trade in self.trades]

    def trade_metrics(self, noted: set[tuple[date, int]], now: datetime) -> list[Metric]:
        """Return the numbers of the trades among those that were noted."""
        return [
            metric
            for trade in self.trades
            if (self.session, trade.number) in noted
            for metric in trade.metrics(self.session, now)
        ]


class SessionTelemetry:
    """Writes what a session measures; raises StoreUnavailable, which no bar is to fail of."""

    def __init__(self, data_dir: Path, account: str) -> None:
        self._file = telemetry_file(data_dir, account, HOLD_SECONDS)
        self._buffer = LogBuffer()
        self._not_before = -math.inf
        self._take_back: Callable[[], None] | None = None

    def attach(self) -> None:
        """Begin to keep log lines; they are written before this process ends, also unclosed."""
        self._buffer.attach()
        self._take_back = register_shutdown_handler(self.close)

    def close(self) -> None:
        """Write the lines since the last bar, keep no more, and let go of the file."""
        if self._take_back is not None:
            self._take_back()
        self._buffer.detach()
        lines = self._buffer.lines()
        with suppress(StoreUnavailable), self._file.transaction() as connection:
            insert_logs(connection, lines)
        self._buffer.forget(len(lines))
        self._file.release()

    def release(self) -> None:
        """Let others at the file."""
        self._file.release()

    def record_bar(self, figures: BarFigures) -> None:
        """Write a bar's figures, its closed trades, the log since the last and the heartbeat."""
        now = datetime.now(UTC)
        lines = self._buffer.lines()
        with self._file.transaction() as connection:
            insert_metrics(connection, [*figures.metrics(now), *_clock(now)])
            noted = insert_trades(connection, figures.notes(now))
            # After a restart they are told once more, and count once.
            insert_metrics(connection, figures.trade_metrics(noted, now))
            insert_logs(connection, lines)
            _beat(connection, SESSION, now, "healthy", f"bar {figures.bar}")
        self._buffer.forget(len(lines))

    def keep_errors(self) -> None:
        """Write the log so far if there is an error in it: health is not to hear a bar later.

        Where that fails it waits for the next bar, or a while: whoever asks has orders to tend.
        """
        if not self._buffer.has_error or time.monotonic() < self._not_before:
            return
        lines = self._buffer.lines()
        try:
            with self._file.transaction() as connection:
                insert_logs(connection, lines)
        except StoreUnavailable:
            self._not_before = time.monotonic() + AGAIN_AFTER_SECONDS
            return
        self._buffer.forget(len(lines))
        self._file.release()


def _clock(now: datetime) -> list[Metric]:
    offset = clock_offset(now)
    return [] if offset is None else [Metric(MetricType.HEALTH, NOTED, offset, now)]


# Its sign of life is a bar that was written.
SESSION = "session"


def beat(file: DuckDBFile, component: str, now: datetime, level: str, reason: str) -> None:
    """Write a component's sign of life over its last one."""
    with file.transaction() as connection:
        _beat(connection, component, now, level, reason)


def _beat(
    connection: duckdb.DuckDBPyConnection, component: str, now: datetime, level: str, reason: str
) -> None:
    beaten = {"ts": now, "level": level, "reason": reason}
    put(connection, "heartbeats", {"component": component}, beaten)


def heartbeats(file: DuckDBFile) -> dict[str, tuple[datetime, str, str]]:
    """Return each component's last sign of life: when, level and reason."""
    with file.reading() as connection:
        rows = connection.execute("SELECT component, ts, level, reason FROM heartbeats").fetchall()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}
