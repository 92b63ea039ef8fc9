"""Chunks on Ray, by prefect-ray: its own processes here, or a cluster that runs elsewhere.

Imports Prefect; Ray itself is imported where a cluster is asked for, once it knows its limits.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from prefect.client.schemas.objects import State
from prefect_ray import RayTaskRunner

from tasks.sweep.chunk import Chunk, ChunkResult
from tasks.sweep.runners.address import RAY
from tasks.sweep.runners.chunk_task import TasksLeft, hush, is_watched, submit
from tasks.sweep.runners.cluster import WorkersDied
from tasks.sweep.runners.elsewhere import engine_here, no_openbell, run_elsewhere
from trading.errors import OpenbellError, SourceUnavailable

# Figures of some thousand sets are a few megabytes; this is the least that Ray takes.
_OBJECTS_BYTES = 80_000_000
_DEATHS = {
    "WorkerCrashedError": "every worker that ran them died",
    "OutOfMemoryError": "the machine had no memory left for them",
    "NodeDiedError": "the machine that ran them is gone",
}


class RayCluster:
    """Chunks sent to a Ray cluster."""

    def __init__(self, runner: RayTaskRunner, *, is_watched: bool) -> None:
        import ray

        self._ray = ray
        self._runner = runner
        self._tasks = TasksLeft(is_watched)
        self._run = ray.remote(run_elsewhere)

    def send(self, chunk: Chunk) -> Any:
        """Give a chunk to the cluster."""
        if self._tasks.take():
            return submit(self._runner, chunk)
        return self._run.remote(chunk, engine_here())

    def finished(self, waiting: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Return those that are done."""
        references = {self._reference(sent): sent for sent in waiting}
        done, _ = self._ray.wait(
            list(references), num_returns=len(references), timeout=0, fetch_local=False
        )
        if not done:
            done, _ = self._ray.wait(list(references), timeout=seconds, fetch_local=False)
        return [references[reference] for reference in done]

    def result(self, sent: Any) -> ChunkResult:
        """Return the result of a chunk."""
        exceptions = self._ray.exceptions
        try:
            came = self._ray.get(self._reference(sent))
            result: ChunkResult = sent.result() if isinstance(came, State) else came
        except exceptions.RayTaskError as error:
            # Ray's own error is as long as the traceback that it holds.
            if isinstance(error.cause, OpenbellError):
                raise error.cause from None
            missing = re.search("No module named '[^']*'", str(error.cause))
            if missing is not None:
                raise no_openbell(missing[0]) from None
            raise
        except exceptions.RayError as error:
            raise WorkersDied(_DEATHS.get(type(error).__name__, type(error).__name__)) from error
        return result

    def workers(self) -> int:
        """Return how many processors there are, for each of which Ray starts a process."""
        return int(self._ray.cluster_resources().get("CPU", 0))

    def _reference(self, sent: Any) -> Any:
        return getattr(sent, "wrapped_future", sent)


@contextmanager
def ray_cluster(address: str | None, workers: int) -> Iterator[RayCluster]:
    """Give a cluster: that at an address, or processes on this machine until the context ends."""
    # Ray reads these when it is imported.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    watched = is_watched(address)
    hush(is_watched=watched)
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address is not None:
        with _entered(RayTaskRunner(address=address, init_kwargs=quiet), address) as runner:
            yield RayCluster(runner, is_watched=watched)
        return
    # So Ray listens on the loopback alone; it is named after the systems where that is its way.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    # Of its sockets in there no path may have more than 107 letters.
    with tempfile.TemporaryDirectory(
        prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        here = {
            "num_cpus": workers,
            "include_dashboard": False,
            "object_store_memory": _OBJECTS_BYTES,
            "_temp_dir": folder,
        }
        # Else one that runs on this machine for others would be taken.
        with _entered(
            RayTaskRunner(address="local", init_kwargs={**quiet, **here}), None
        ) as runner:
            yield RayCluster(runner, is_watched=watched)


@contextmanager
def _entered(runner: RayTaskRunner, address: str | None) -> Iterator[RayTaskRunner]:
    try:
        with warnings.catch_warnings():
            # What it warns of is in the error as well.
            warnings.simplefilter("ignore")
            runner.__enter__()
    # A machine that is too busy to start it gets an Exception of Ray's that has no other name.
    except Exception as error:
        if address is None:
            raise SourceUnavailable(
                f"Ray does not start here: {str(error)[:200].rstrip('.')}",
                "Give the same command again when the machine is less busy, or use --runner dask or"
                " --runner local",
            ) from error
        raise SourceUnavailable(
            f"what listens at --address {address} does not speak as a Ray cluster of this version:"
            f" {str(error)[:200]}",
            "Set RAY_AUTH_MODE=token where the cluster asks for its token, or start one with:"
            f" {RAY.start}",
        ) from error
    try:
        yield runner
    finally:
        runner.__exit__(None, None, None)
