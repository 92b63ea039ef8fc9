"""Numbers over time: how late a bar was, how long a fetch took, what the account was worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import duckdb
import orjson

from blocks.stores.duckdb_file import DuckDBFile
from trading.errors import BadInput

KEPT_DAYS = 30.0


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
    dimensions: Mapping[str, str | int | float] = field(default_factory=dict)


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
        type: MetricType,
        name: str,
        value: float,
        ts: datetime | None = None,
        **dimensions: str | int | float,
    ) -> None:
        """Write one number, at the present time unless another is given."""
        self.record([Metric(type, name, value, ts or datetime.now(UTC), dimensions)])

    def record(self, metrics: Iterable[Metric]) -> None:
        """Write many numbers in one transaction."""
        with self._file.transaction() as connection:
            insert_metrics(connection, metrics)

    def aggregate_metrics(
        self, name: str, period: timedelta, how: Aggregation, since: datetime, until: datetime
    ) -> list[Period]:
        """Return one number for each period of [since, until) that has any, in order."""
        if period <= timedelta(0):
            raise BadInput("a period of no length has no metrics", "Use a period such as an hour")
        # `how` is one of our own words, never text of a caller.
        value = "arg_max(value, ts)" if how == Aggregation.LAST else f"{how}(value)"
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT time_bucket(?, ts, ?) AS start, {value}, count(*) FROM metrics"
                " WHERE name = ? AND ts >= ? AND ts < ? GROUP BY start ORDER BY start",
                [period, since, name, since, until],
            ).fetchall()
        return [Period(start, float(number), int(count)) for start, number, count in rows]

    def get_metric_stats(self, name: str, since: datetime) -> MetricStats | None:
        """Return how a metric's numbers since a time lie, None where there are none."""
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT count(*), avg(value), min(value), max(value), quantile_cont(value, 0.5),"
                " quantile_cont(value, 0.95), quantile_cont(value, 0.99), arg_max(value, ts),"
                " max(ts) FROM metrics WHERE name = ? AND ts >= ?",
                [name, since],
            ).fetchone()
        if row is None or row[0] == 0:
            return None
        mean, lowest, highest, median, p95, p99, last = (float(number) for number in row[1:8])
        return MetricStats(int(row[0]), mean, lowest, highest, median, p95, p99, last, row[8])

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
    rows = [
        (m.ts, str(m.type), m.name, m.value, orjson.dumps(dict(m.dimensions)).decode())
        for m in metrics
    ]
    if rows:
        marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(rows))
        connection.execute(
            f"INSERT INTO metrics VALUES {marks}", [value for row in rows for value in row]
        )


def latest_metrics(connection: duckdb.DuckDBPyConnection) -> dict[str, Metric]:
    """Return the last number of each metric inside a transaction."""
    rows = connection.execute(
        "SELECT arg_max(type, ts), name, arg_max(value, ts), max(ts), arg_max(dimensions, ts)"
        " FROM metrics GROUP BY name"
    ).fetchall()
    return {
        name: Metric(MetricType(kind), name, float(value), ts, orjson.loads(dimensions))
        for kind, name, value, ts, dimensions in rows
    }
