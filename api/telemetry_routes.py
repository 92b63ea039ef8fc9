"""Telemetry: the numbers and the log lines that sessions leave behind."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.answers import LogAnswer, MetricAnswer
from blocks.live.source import Source
from blocks.telemetry.log_lines import LEVELS, LogStore
from blocks.telemetry.metrics import Aggregation, MetricsStore, MetricType
from blocks.telemetry.trades import MOST_ROWS

Word = Annotated[str | None, Query(max_length=200)]
Level = Annotated[str | None, Query(pattern=f"(?i)^({'|'.join(LEVELS)})$")]


def telemetry_routes(source: Source) -> APIRouter:
    """Return the routes of metrics and log lines."""
    routes = APIRouter(prefix="/api")

    @routes.get("/metrics/{metric_type}/{metric_name}")
    def metric(
        metric_type: MetricType,
        metric_name: str,
        aggregation: Aggregation = Aggregation.SUM,
        start_time: AwareDatetime | None = None,
        end_time: AwareDatetime | None = None,
    ) -> MetricAnswer:
        store = MetricsStore(source.telemetry())
        asked = (metric_type, metric_name)
        value = store.aggregate_metrics(*asked, aggregation, start_time, end_time)
        stats = store.get_metric_stats(*asked, start_time, end_time)
        return MetricAnswer.of(metric_type, metric_name, aggregation, value, stats)

    @routes.get("/logs")
    def logs(
        level: Level = None,
        logger: Word = None,
        start_time: AwareDatetime | None = None,
        end_time: AwareDatetime | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
        least: Level = None,
        search: Word = None,
    ) -> list[LogAnswer]:
        lines = LogStore(source.telemetry()).get_logs(
            level, logger, start_time, end_time, limit, least=least, search=search
        )
        return [LogAnswer.of(line) for line in lines]

    return routes
