"""Who runs the chunks of a sweep: this process, or a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from enum import StrEnum
from importlib.util import find_spec
from typing import Any

from tasks.sweep.chunk import Chunk, ChunkResult, Tell
from tasks.sweep.request import LOCAL, SweepRequest
from tasks.sweep.runners.address import DASK, RAY, address_of, refuse_silence
from tasks.sweep.runners.cluster import Cluster, run_on
from trading.errors import BadInput
from trading.near_names import nearest_of

_MOST_FOR_A_PROCESSOR = 8


class Runner(StrEnum):
    """Who runs chunks."""

    LOCAL = LOCAL
    DASK = "dask"
    RAY = "ray"


class ClusterRunner:
    """Runs chunks on a cluster, which begins with the first of them."""

    def __init__(self, runner: Runner, address: str | None, workers: int, stack: ExitStack) -> None:
        self._runner = runner
        self._address = address
        self._workers = workers
        self._stack = stack
        self._cluster: Cluster[Any] | None = None

    def __call__(self, chunks: Sequence[Chunk], tell: Tell) -> Iterator[ChunkResult]:
        """Yield the results of chunks as they are done."""
        if self._cluster is None:
            self._cluster = self._stack.enter_context(
                _cluster(self._runner, self._address, self._workers)
            )
        yield from run_on(self._cluster, chunks, tell)


@contextmanager
def chosen_runner(request: SweepRequest) -> Iterator[ClusterRunner | None]:
    """Give what runs a request's chunks, until the context ends; None is this process.

    Raises BadInput for a runner that cannot be, and SourceUnavailable where nobody listens.
    """
    runner = runner_named(request.runner)
    if runner is Runner.LOCAL:
        if request.address is not None:
            raise BadInput(
                f"--address {request.address} is given, and --runner local needs none",
                "Give --runner dask or --runner ray with it, or leave it out",
            )
        yield None
        return
    if request.address is not None and request.workers is not None:
        raise BadInput(
            f"--workers {request.workers} is for workers that are started here, and those at"
            f" {request.address} run already",
            "Leave one of --address and --workers out",
        )
    _refuse_crowd(request.workers)
    _refuse_missing(runner)
    address = None if request.address is None else _listening(runner, request.address)
    with ExitStack() as stack:
        yield ClusterRunner(runner, address, request.workers or os.cpu_count() or 1, stack)


def runner_named(name: str) -> Runner:
    """Return a runner by its name; raises BadInput."""
    if name not in list(Runner):
        near = nearest_of(name, Runner)
        meant = f"Did you mean {near}? " if near else ""
        raise BadInput(f"runner {name!r} is none", f"{meant}Use one of {', '.join(Runner)}")
    return Runner(name)


def _refuse_crowd(workers: int | None) -> None:
    processors = os.cpu_count() or 1
    if workers is not None and workers > _MOST_FOR_A_PROCESSOR * processors:
        raise BadInput(
            f"--workers {workers:,} is too many: each is a process, and this machine has"
            f" {processors} processors",
            "Leave --workers out for one each",
        )


def _refuse_missing(runner: Runner) -> None:
    if find_spec(f"prefect_{runner}") is None:
        raise BadInput(
            f"--runner {runner} needs packages that are not installed",
            f"Install them with: pip install 'openbell[{runner}]'",
        )


def _listening(runner: Runner, written: str) -> str:
    service = DASK if runner is Runner.DASK else RAY
    address = address_of(written, service)
    refuse_silence(address, service)
    return address.written


def _cluster(
    runner: Runner, address: str | None, workers: int
) -> AbstractContextManager[Cluster[Any]]:
    if runner is Runner.DASK:
        from tasks.sweep.runners.dask_cluster import dask_cluster

        return dask_cluster(address, workers)
    from tasks.sweep.runners.ray_cluster import ray_cluster

    return ray_cluster(address, workers)
