"""Chunks given to a cluster, and their results in the order in which they are done."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from tasks.sweep.chunk import Chunk, ChunkResult, Tell
from trading.errors import OpenbellError, SourceUnavailable

Sent = TypeVar("Sent")
# How often it is seen whether there is anybody left to wait for.
LOOK_AFTER_S = 1.0
WITHOUT_WORKERS_S = 60.0
AGAIN = "What is done is kept: the same command goes on with the rest"


class Cluster(Protocol[Sent]):
    """Processes that run chunks, on this machine or on others.

    One whose process dies is run again by the cluster itself, some times.
    """

    def send(self, chunk: Chunk) -> Sent:
        """Give a chunk to the cluster."""

    def finished(self, waiting: Sequence[Sent], seconds: float) -> Sequence[Sent]:
        """Return those that are done, for better or worse, none when the time is over."""

    def result(self, sent: Sent) -> ChunkResult:
        """Return the result of a chunk; raises OpenbellError, WorkersDied or what it raised."""

    def workers(self) -> int:
        """Return how many processes it has now, or processors where it starts them at need."""


class WorkersDied(Exception):
    """Whichever worker ran a chunk has died."""


def run_on(cluster: Cluster[Sent], chunks: Sequence[Chunk], tell: Tell) -> Iterator[ChunkResult]:
    """Yield the results of chunks as they are done; `tell(done, total)` is told the sets.

    What fails does not stop the others: it is raised at the end, in one line.
    """
    waiting = [(cluster.send(_alone(chunk)), chunk) for chunk in chunks]
    total, done = sum(len(chunk.sets) for chunk in chunks), 0
    failures: list[OpenbellError] = []
    alive_at = time.monotonic()
    while waiting:
        finished = cluster.finished([sent for sent, _ in waiting], LOOK_AFTER_S)
        still = []
        for sent, chunk in waiting:
            if not any(each is sent for each in finished):
                still.append((sent, chunk))
                continue
            try:
                yield cluster.result(sent)
            except OpenbellError as error:
                failures.append(error)
            except WorkersDied as error:
                failures.append(_died(chunk, error))
            done += len(chunk.sets)
        waiting = still
        tell(done, total)
        if finished or cluster.workers():
            alive_at = time.monotonic()
        elif time.monotonic() - alive_at > WITHOUT_WORKERS_S:
            raise SourceUnavailable(
                f"the cluster has had no worker for {WITHOUT_WORKERS_S:.0f} s, and"
                f" {total - done:,} of {total:,} sets are not done",
                f"Start workers. {AGAIN}",
            )
    if failures:
        raise failures[0]


def _alone(chunk: Chunk) -> Chunk:
    """Return a chunk for a process that has one processor, and perhaps another folder."""
    return replace(chunk, threads=1, bars_folder=chunk.bars_folder.absolute())


def _died(chunk: Chunk, error: WorkersDied) -> SourceUnavailable:
    return SourceUnavailable(
        f"{chunk.name}: {error}",
        f"Not enough memory is the usual cause; fewer --workers need less. {AGAIN}",
    )
