"""Health: whether the process lives, whether the account is fit to trade, and why not."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.metrics_page import metrics_page
from api.source import Source
from blocks.account.health_checks import Level

UNAVAILABLE = 503


def health_routes(source: Source) -> APIRouter:
    """Return the routes of probes and Prometheus."""
    routes = APIRouter()

    @routes.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "alive"}

    @routes.get("/health/startup")
    def startup() -> JSONResponse:
        is_there = source.data_dir.is_dir()
        ready = source.is_started and is_there
        reason = "" if is_there else f"data folder {source.data_dir} is not there"
        return JSONResponse({"started": ready, "reason": reason}, 200 if ready else UNAVAILABLE)

    @routes.get("/health/ready")
    def ready() -> JSONResponse:
        report = source.report()
        is_ready = report.level != Level.UNHEALTHY and report.facts is not None
        body = {"ready": is_ready, "status": str(report.level), "reasons": report.reasons}
        return JSONResponse(body, 200 if is_ready else UNAVAILABLE)

    @routes.get("/health/state")
    @routes.get("/api/health")
    def state() -> dict[str, Any]:
        return {
            "environment": source.environment,
            "up_since": source.began.isoformat(),
            **source.report().as_dict(),
        }

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(metrics_page(source.report()), media_type=CONTENT_TYPE_LATEST)

    return routes
