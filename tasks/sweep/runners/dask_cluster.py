"""Chunks on Dask, by prefect-dask: its own processes here, or a scheduler that runs elsewhere.

Imports Prefect and distributed.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

from distributed import CancelledError, KilledWorker
from distributed.comm import CommClosedError
from prefect_dask import DaskTaskRunner

from tasks.sweep.chunk import Chunk, ChunkResult
from tasks.sweep.runners.address import DASK, PATIENCE_S, address_of
from tasks.sweep.runners.chunk_task import TasksLeft, hush, is_watched, submit
from tasks.sweep.runners.cluster import AGAIN, WorkersDied
from tasks.sweep.runners.elsewhere import engine_here, no_openbell, run_elsewhere
from trading.errors import SourceUnavailable

CONNECT_WITHIN_S = 15.0


class DaskCluster:
    """Chunks sent to a Dask scheduler."""

    def __init__(self, runner: DaskTaskRunner, *, is_watched: bool) -> None:
        self._runner = runner
        self._client: Any = runner.client
        self._tasks = TasksLeft(is_watched)
        self._done: Queue[Any] = Queue()

    def send(self, chunk: Chunk) -> Any:
        """Give a chunk to the scheduler."""
        if self._tasks.take():
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
        except (CancelledError, CommClosedError) as error:
            raise SourceUnavailable(
                "the Dask scheduler is gone in the middle of the sweep", f"Start it anew. {AGAIN}"
            ) from error
        except ModuleNotFoundError as error:
            raise no_openbell(error) from error
        return result

    def workers(self) -> int:
        """Return how many processes there are."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])


@contextmanager
def dask_cluster(address: str | None, workers: int) -> Iterator[DaskCluster]:
    """Give a cluster: that at an address, or processes on this machine until the context ends."""
    # It logs the traceback of what is one line here, and its loggers have levels of their own.
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
    watched = is_watched(address)
    hush(is_watched=watched)
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
        _refuse_strangers(address)
        runner = DaskTaskRunner(address=address, client_kwargs={"timeout": CONNECT_WITHIN_S})
    with runner:
        try:
            cluster = DaskCluster(runner, is_watched=watched)
        # A worker that dies before it works is a RuntimeError, one that is too slow an OSError.
        except (OSError, RuntimeError) as error:
            raise _not_started(error) if address is None else _stranger(address) from error
        yield cluster


def _not_started(error: Exception) -> SourceUnavailable:
    return SourceUnavailable(
        f"Dask's workers do not start here: {str(error)[:200].rstrip('.')}",
        "Give the same command again when the machine is less busy, or use --runner local",
    )


def _refuse_strangers(address: str) -> None:
    """Raise SourceUnavailable where something else listens: Dask would wait for it for ever.

    A scheduler speaks first: how many parts its greeting has, in eight bytes, the least first.
    """
    if address.startswith("tls:"):
        return
    where = address_of(address, DASK)
    try:
        with socket.create_connection((where.host, where.port), PATIENCE_S) as door:
            greeting = door.recv(8, socket.MSG_WAITALL)
    except OSError as error:
        raise _stranger(address) from error
    if len(greeting) < 8 or any(greeting[1:]):
        raise _stranger(address)


def _stranger(address: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"what listens at --address {address} does not speak as a Dask scheduler of this version",
        f"Start one with: {DASK.start}",
    )
