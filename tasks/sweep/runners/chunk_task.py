"""A chunk as a Prefect task, for those who watch a sweep in Prefect's page. Imports Prefect."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.futures import PrefectWrappedFuture
from prefect.settings import get_current_settings
from prefect.task_runners import TaskRunner

from tasks.sweep.batch import MOST_CHUNKS
from tasks.sweep.chunk import Chunk, ChunkResult, Tell, run_chunk, run_here
from tasks.sweep.runners.address import PATIENCE_S, is_loopback
from tasks.sweep.runners.elsewhere import engine_here, run_elsewhere
from trading.errors import SourceUnavailable

# What is inside is the cluster's own future.
ChunkFuture = PrefectWrappedFuture[ChunkResult, Any]

_as_task = task(
    name="chunk", task_run_name="{chunk.name}", cache_policy=NO_CACHE, persist_result=False
)
# Of a chunk in another process, and in this one.
chunk_elsewhere = _as_task(run_elsewhere)
chunk_here = _as_task(run_chunk)


class TasksLeft:
    """How many more tasks a sweep may give its server, which fall back when it has thousands."""

    def __init__(self, is_watched: bool) -> None:
        self._left = MOST_CHUNKS if is_watched else 0

    def take(self) -> bool:
        """Return whether one more may be a task."""
        self._left -= 1
        return self._left >= 0


class HereAsTasks:
    """Runs chunks in this process, each as a task of the flow that is under way."""

    def __init__(self) -> None:
        self._tasks = TasksLeft(is_watched=True)

    def __call__(self, chunks: Sequence[Chunk], tell: Tell) -> Iterator[ChunkResult]:
        """Yield the results of chunks, one after the other."""
        yield from run_here(chunks, tell, self._run)

    def _run(self, chunk: Chunk, tell: Tell) -> ChunkResult:
        return chunk_here(chunk, tell) if self._tasks.take() else run_chunk(chunk, tell)


def is_watched(address: str | None) -> bool:
    """Return whether chunks are tasks, of workers at an address or of this machine (None).

    They are where there is a server that the workers reach as well: else they are plain functions,
    and no server is needed. Raises SourceUnavailable where the terminal is told of one that does
    not answer.
    """
    server = get_current_settings().api.url
    if not server or (address is not None and is_loopback(server) and not is_loopback(address)):
        return False
    if FlowRunContext.get() is None:
        _refuse_silence(server)
    return True


def _refuse_silence(server: str) -> None:
    try:
        httpx.get(f"{server}/health", timeout=PATIENCE_S)
    except httpx.HTTPError as error:
        raise SourceUnavailable(
            f"the Prefect server at {server} does not answer: {error}",
            "Start it, or run the sweep without PREFECT_API_URL: it needs no server",
        ) from error


def submit(runner: TaskRunner[ChunkFuture], chunk: Chunk) -> ChunkFuture:
    """Give a chunk as a task to a runner, which is another process's."""
    parameters = {"chunk": chunk, "engine": engine_here()}
    context = FlowRunContext.get()
    if context is None:
        return runner.submit(chunk_elsewhere, parameters)
    # A task takes its flow along. A worker loads that from its file, under a name by which no
    # other process finds it, and here it is only asked who runs its tasks.
    with context.model_copy(update={"flow": _stand_in, "parameters": {}}):
        return runner.submit(chunk_elsewhere, parameters)


@flow(name="sweep")
def _stand_in() -> None:
    """Do nothing."""


def hush(*, is_watched: bool) -> None:
    """Keep what a runner says of itself out of a terminal: what it raises is one line there."""
    if not is_watched:
        logging.getLogger("prefect.task_runner").setLevel(logging.CRITICAL)
