"""Chunks on Dask, by prefect-dask: its own processes here, or a scheduler that runs elsewhere.

Imports Prefect and distributed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

from distributed import KilledWorker
from prefect_dask import DaskTaskRunner

from tasks.sweep.chunk import Chunk, ChunkResult
from tasks.sweep.runners.address import DASK
from tasks.sweep.runners.chunk_task import hush, is_watched, submit
from tasks.sweep.runners.cluster import WorkersDied
from tasks.sweep.runners.elsewhere import engine_here, run_elsewhere
from trading.errors import SourceUnavailable

CONNECT_WITHIN_S = 15.0


class DaskCluster:
    """Chunks sent to a Dask scheduler."""

    def __init__(self, runner: DaskTaskRunner) -> None:
        self._runner = runner
        self._client: Any = runner.client
        self._is_watched = is_watched()
        self._done: Queue[Any] = Queue()

    def send(self, chunk: Chunk) -> Any:
        """Give a chunk to the scheduler."""
        if self._is_watched:
            sent = submit(self._runner, chunk)
            future = sent.wrapped_future
        else:
            # `pure` would take a chunk for one that was run before.
            sent = future = self._client.submit(run_elsewhere, chunk, engine_here(), pure=False)
        future.add_done_callback(lambda _: self._done.put(sent))
        return sent

    def finished(self, waiting: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Return those that are done."""
        try:
            found = [self._done.get(timeout=seconds)]
        except Empty:
            return []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def result(self, sent: Any) -> ChunkResult:
        """Return the result of a chunk."""
        try:
            result: ChunkResult = sent.result()
        except KilledWorker as error:
            raise WorkersDied("every worker that ran them died") from error
        return result

    def workers(self) -> int:
        """Return how many processes there are."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])


@contextmanager
def dask_cluster(address: str | None, workers: int) -> Iterator[DaskCluster]:
    """Give a cluster: that at an address, or processes on this machine until the context ends."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    hush()
    if address is None:
        runner = DaskTaskRunner(
            cluster_kwargs={
                "n_workers": workers,
                "threads_per_worker": 1,
                "host": "127.0.0.1",
                "dashboard_address": None,
                # Mapped bars count as a process's memory, and are none that it could free.
                "memory_limit": 0,
                "silence_logs": logging.CRITICAL,
            }
        )
    else:
        runner = DaskTaskRunner(address=address, client_kwargs={"timeout": CONNECT_WITHIN_S})
    with runner:
        try:
            cluster = DaskCluster(runner)
        except OSError as error:
            raise SourceUnavailable(
                f"what listens at --address {address} does not speak as a Dask scheduler of this"
                " version",
                f"Start one with: {DASK.start}",
            ) from error
        yield cluster
