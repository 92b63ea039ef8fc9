"""Giving the run that is under way its name; no run waits for it, or fails for want of it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx
from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run

PATIENCE_SECONDS = 5.0


async def name_run(name: str) -> None:
    """Call this run by a name in Prefect's page."""
    run_id = flow_run.get_id()
    if run_id is None or flow_run.get_name() == name:
        return
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), get_client() as client:
            await client.set_flow_run_name(UUID(run_id), name)
    except (TimeoutError, OSError, httpx.HTTPError, PrefectException, RuntimeError) as error:
        get_run_logger().debug("this run keeps the name that Prefect gave it: %s", error)
