"""Numbers over time: how late a bar was, how long a fetch took, what the account was worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import duckdb
import orjson

from blocks.stores.condition import condition
from blocks.stores.duckdb_file import DuckDBFile
from blocks.stores.insertion import insert_columns
from trading.errors import BadInput

KEPT_DAYS = 30.0
Dimensions = Mapping[str, str | int | float]
_COLUMNS = {
    "ts": "TIMESTAMPTZ",
    "type": "VARCHAR",
    "name": "VARCHAR",
    "value": "DOUBLE",
    "dimensions": "VARCHAR",
}


class MetricType(StrEnum):
    """What a number is about."""

    TRADE = "trade"
    PERFORMANCE = "performance"
    HEALTH = "health"


class Aggregation(StrEnum):
    """What becomes of the numbers of one period."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "avg"
    LOWEST = "min"
    HIGHEST = "max"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Metric:
    """One number at one time; `dimensions` say what it is about."""

    type: MetricType
    name: str
    value: float
    ts: datetime
    dimensions: Dimensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Period:
    """The numbers of one period as one."""

    start: datetime
    value: float
    count: int


@dataclass(frozen=True, slots=True)
class MetricStats:
    """How the numbers of a metric lie."""

    count: int
    total: float
    mean: float
    lowest: float
    highest: float
    median: float
    p95: float
    p99: float
    last: float
    last_at: datetime


class MetricsStore:
    """Metrics in the telemetry file; each request raises StoreUnavailable where that fails."""

    def __init__(self, file: DuckDBFile) -> None:
        self._file = file

    def record_metric(
        self,
        metric_type: MetricType,
        metric_name: str,
        metric_value: float,
        dimensions: Dimensions | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Write one number, at the present time unless another is given.

        Each call is a transaction of its own; `record` writes many in one.
        """
        now = timestamp or datetime.now(UTC)
        self.record([Metric(metric_type, metric_name, metric_value, now, dimensions or {})])

    def record(self, metrics: Iterable[Metric]) -> None:
        """Write many numbers in one transaction."""
        with self._file.transaction() as connection:
            insert_metrics(connection, metrics)

    def get_metrics(
        self,
        metric_type: MetricType | None = None,
        metric_name: str | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        limit: int = 1000,
    ) -> list[Metric]:
        """Return the newest numbers, both ends of the time included, the newest first."""
        where, values = _wanted(metric_type, metric_name, start_time, end_time)
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT type, name, value, ts, dimensions FROM metrics {where}"
                " ORDER BY ts DESC, rowid DESC LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [_metric(*row) for row in rows]

    def aggregate_metrics(
        self,
        metric_type: MetricType,
        metric_name: str,
        aggregation: Aggregation = Aggregation.SUM,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> float | None:
        """Return a metric's numbers as one, None where there are none (of a count that is 0)."""
        where, values = _wanted(metric_type, metric_name, start_time, end_time)
        with self._file.reading() as connection:
            row = connection.execute(
                f"SELECT {_as_one(aggregation)} FROM metrics {where}", values
            ).fetchone()
        return None if row is None or row[0] is None else float(row[0])

    def aggregate_by_period(
        self,
        metric_type: MetricType,
        metric_name: str,
        period: timedelta,
        aggregation: Aggregation,
        start_time: datetime,
        end_time: datetime,
    ) -> list[Period]:
        """Return one number for each period from `start_time` on that has any, in order."""
        if period <= timedelta(0):
            raise BadInput("a period of no length has no metrics", "Use a period such as an hour")
        where, values = _wanted(metric_type, metric_name, start_time, end_time)
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT time_bucket(?, ts, ?) AS start, {_as_one(aggregation)}, count(*)"
                f" FROM metrics {where} GROUP BY start ORDER BY start",
                [period, start_time, *values],
            ).fetchall()
        return [
            Period(start.astimezone(UTC), float(number), int(count))
            for start, number, count in rows
        ]

    def get_metric_stats(
        self,
        metric_type: MetricType,
        metric_name: str,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> MetricStats | None:
        """Return how a metric's numbers lie, None where there are none."""
        where, values = _wanted(metric_type, metric_name, start_time, end_time)
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT count(*), sum(value), avg(value), min(value), max(value),"
                " quantile_cont(value, 0.5), quantile_cont(value, 0.95),"
                f" quantile_cont(value, 0.99), arg_max(value, ts), max(ts) FROM metrics {where}",
                values,
            ).fetchone()
        if row is None or row[0] == 0:
            return None
        total, mean, lowest, highest, median, p95, p99, last = (float(one) for one in row[1:9])
        last_at = row[9].astimezone(UTC)
        return MetricStats(
            int(row[0]), total, mean, lowest, highest, median, p95, p99, last, last_at
        )

    def latest(self) -> dict[str, Metric]:
        """Return the last number of each metric, by name."""
        with self._file.reading() as connection:
            return latest_metrics(connection)

    def cleanup_old_metrics(self, now: datetime, days: float = KEPT_DAYS) -> int:
        """Remove what is older than some days; return how many numbers."""
        with self._file.transaction() as connection:
            row = connection.execute(
                "DELETE FROM metrics WHERE ts < ?", [now - timedelta(days=days)]
            ).fetchone()
        return int(row[0]) if row else 0


def insert_metrics(connection: duckdb.DuckDBPyConnection, metrics: Iterable[Metric]) -> None:
    """Write numbers inside a transaction."""
    rows = (
        (m.ts, str(m.type), m.name, m.value, orjson.dumps(dict(m.dimensions)).decode())
        for m in metrics
    )
    insert_columns(connection, "metrics", _COLUMNS, rows)


def latest_metrics(connection: duckdb.DuckDBPyConnection) -> dict[str, Metric]:
    """Return the last number of each metric inside a transaction."""
    rows = connection.execute(
        "SELECT arg_max(type, ts), name, arg_max(value, ts), max(ts), arg_max(dimensions, ts)"
        " FROM metrics GROUP BY name"
    ).fetchall()
    return {row[1]: _metric(*row) for row in rows}


def _metric(kind: str, name: str, value: float, ts: datetime, dimensions: str) -> Metric:
    return Metric(
        MetricType(kind), name, float(value), ts.astimezone(UTC), orjson.loads(dimensions)
    )


def _as_one(aggregation: Aggregation) -> str:
    # One of our own words, never text of a caller.
    how = Aggregation(aggregation)
    return "arg_max(value, ts)" if how is Aggregation.LAST else f"{how}(value)"


def _wanted(
    metric_type: MetricType | None,
    metric_name: str | None,
    start_time: datetime | None,
    end_time: datetime | None,
) -> tuple[str, list[object]]:
    """Return the condition that numbers fulfil, and its values."""
    return condition(
        ("type = ?", None if metric_type is None else str(metric_type)),
        ("name = ?", metric_name),
        ("ts >= ?", start_time),
        ("ts <= ?", end_time),
    )
