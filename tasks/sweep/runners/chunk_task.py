"""A chunk as a Prefect task, for those who watch a sweep in Prefect's page. Imports Prefect."""

from __future__ import annotations

import logging
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.settings import get_current_settings

from tasks.sweep.chunk import Chunk, ChunkResult
from tasks.sweep.runners.cluster import sets_named
from tasks.sweep.runners.elsewhere import engine_here, run_elsewhere


@task(name="chunk", task_run_name="{named}", cache_policy=NO_CACHE, persist_result=False)
def chunk_task(chunk: Chunk, engine: str, named: str) -> ChunkResult:
    """Run a chunk; `named` is what its task is called."""
    return run_elsewhere(chunk, engine)


def is_watched() -> bool:
    """Return whether there is a server that keeps tasks: else chunks are plain functions."""
    return FlowRunContext.get() is not None or bool(get_current_settings().api.url)


def hush() -> None:
    """Keep what a runner says of itself out of a terminal, where nobody has asked for it."""
    if not is_watched():
        logging.getLogger("prefect.task_runner").setLevel(logging.WARNING)


def task_parameters(chunk: Chunk) -> dict[str, Any]:
    """Return the parameters of a chunk's task."""
    return {"chunk": chunk, "engine": engine_here(), "named": sets_named(chunk)}
