"""Chunks on a cluster: whatever it does to them, each result comes once or is missed aloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.sweep.chunk import Chunk, ChunkResult, PlanBase, Strategy
from tasks.sweep.runners import cluster
from tasks.sweep.runners.cluster import WorkersDied, run_on
from trading.errors import BadInput, SourceUnavailable
from trading.sweep.parameter_set import ParameterSet


def chunk_of(*numbers: int) -> Chunk:
    sets = tuple(ParameterSet(number, {}) for number in numbers)
    base = PlanBase({}, "NYSE", 5, 10_000.0)
    said = f"chunk-{numbers[0]}"
    return Chunk(said, "bars", Path("bars"), base, Strategy("orb", ""), sets, (), threads=8)


CHUNKS = [chunk_of(0, 1, 2), chunk_of(3, 4), chunk_of(5)]


@dataclass
class FakeCluster:
    """Is done with the chunk that was sent last, first; `becomes` says what of each."""

    becomes: Callable[[Chunk], ChunkResult] = lambda chunk: ChunkResult(chunk.hash, ())
    alive: int = 2
    sent: list[Chunk] = field(default_factory=list)

    def send(self, chunk: Chunk) -> Chunk:
        self.sent.append(chunk)
        return chunk

    def finished(self, waiting: Sequence[Chunk], seconds: float) -> Sequence[Chunk]:
        return waiting[-1:] if self.alive else []

    def result(self, sent: Chunk) -> ChunkResult:
        return self.becomes(sent)

    def workers(self) -> int:
        return self.alive


def test_results_come_as_they_are_done_and_the_sets_are_counted() -> None:
    told: list[tuple[int, int]] = []
    results = run_on(FakeCluster(), CHUNKS, lambda done, of: told.append((done, of)))
    assert [result.hash for result in results] == ["chunk-5", "chunk-3", "chunk-0"]
    assert told == [(1, 6), (3, 6), (6, 6)]


def test_a_worker_has_one_processor_and_finds_the_bars_from_any_folder() -> None:
    fake = FakeCluster()
    list(run_on(fake, CHUNKS, lambda done, of: None))
    assert {chunk.threads for chunk in fake.sent} == {1}
    assert all(chunk.bars_folder.is_absolute() for chunk in fake.sent)


def test_what_fails_is_told_when_all_else_is_done() -> None:
    def becomes(chunk: Chunk) -> ChunkResult:
        if chunk.hash == "chunk-5":
            raise BadInput("the worker on b has another engine", "Install the same")
        return ChunkResult(chunk.hash, ())

    results = run_on(FakeCluster(becomes), CHUNKS, lambda done, of: None)
    assert [next(results).hash, next(results).hash] == ["chunk-3", "chunk-0"]
    with pytest.raises(BadInput, match="the worker on b has another engine"):
        next(results)


def test_sets_that_kill_every_worker_are_named() -> None:
    def becomes(chunk: Chunk) -> ChunkResult:
        if chunk.hash == "chunk-3":
            raise WorkersDied("every worker that ran them died")
        return ChunkResult(chunk.hash, ())

    said = "sets 3 to 4: every worker that ran them died.*What is done is kept"
    with pytest.raises(SourceUnavailable, match=said):
        list(run_on(FakeCluster(becomes), CHUNKS, lambda done, of: None))


def test_nobody_waits_for_ever_for_workers_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 10_000, 20))
    monkeypatch.setattr(cluster.time, "monotonic", lambda: float(next(now)))
    with pytest.raises(SourceUnavailable, match="no worker for 60 s, and 6 of 6 sets are not done"):
        list(run_on(FakeCluster(alive=0), CHUNKS, lambda done, of: None))
