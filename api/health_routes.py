"""Health: whether the process lives, whether the account is fit to trade, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.metrics_page import metrics_page
from blocks.health.checks import Level
from blocks.health.health import HealthReport
from blocks.live.source import Source

UNAVAILABLE = 503


def health_routes(source: Source) -> APIRouter:
    """Return the routes of probes and Prometheus."""
    routes = APIRouter()

    def probe(checks: Mapping[str, bool]) -> dict[str, Any]:
        """Return what every probe says, under the reference system's names."""
        return {
            "timestamp": datetime.now(UTC).isoformat(),
            "uptime_seconds": round(source.uptime_s, 3),
            "checks": dict(checks),
        }

    @routes.get("/health/live")
    def live() -> dict[str, Any]:
        return {"status": "alive", **probe({"process": True})}

    @routes.get("/health/startup")
    def startup() -> JSONResponse:
        is_there = source.data_dir.is_dir()
        ready = source.is_started and is_there
        reason = "" if is_there else f"data folder {source.data_dir} is not there"
        checks = {"process": source.is_started, "data_folder": is_there}
        body = {"started": ready, "reason": reason, **probe(checks)}
        return JSONResponse(body, 200 if ready else UNAVAILABLE)

    @routes.get("/health/ready")
    def ready() -> JSONResponse:
        report = source.report()
        is_ready = report.level != Level.UNHEALTHY
        body = {
            "ready": is_ready,
            "status": str(report.level),
            "reasons": report.reasons,
            **probe(_checks(report)),
        }
        return JSONResponse(body, 200 if is_ready else UNAVAILABLE)

    @routes.get("/health/state")
    @routes.get("/api/health")
    def state() -> dict[str, Any]:
        report = source.report()
        return {
            "environment": source.environment,
            "up_since": source.began.isoformat(),
            **report.as_dict(),
            **probe(_checks(report)),
        }

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(metrics_page(source.report()), media_type=CONTENT_TYPE_LATEST)

    return routes


def _checks(report: HealthReport) -> dict[str, bool]:
    """Return which components pass: one that is degraded does."""
    return {c.name: c.level != Level.UNHEALTHY for c in report.components}
