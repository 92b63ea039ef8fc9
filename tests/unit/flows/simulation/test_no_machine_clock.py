"""No story hangs on the machine's seconds, however busy it is.

A seed broke once while the machine had no processor to spare, and never again: whether people were
to be shown a bar, which is an edge at which a process may die, was decided by the machine's clock.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from types import FrameType

import pytest

from flows.simulation.process import LOADED
from flows.simulation.world import simulate

# Among them sessions that are joined late and catch up with bars, with both kinds of broker.
SEEDS = range(12)
CLOCKS = ("time", "monotonic", "perf_counter")
READ = {getattr(time, name + ending) for name in CLOCKS for ending in ("", "_ns")}
# Who reads the machine's clock in a story, and for what; the stories of a leaping clock show that
# nothing comes of it.
READERS = {
    "requests.sessions": "how long an answer took",
    "http.cookiejar": "whether cookies are too old",
    "blocks.stores.duckdb_file": "how long a file is held, and waited for",
    "blocks.ledger.lease": "how long a lock is waited for",
    "tasks.fetch": "how long a source took",
    "flows.session.take_bar": "how long a source took",
    "flows.session.passing_fault": "how long a fault took",
}


def _is_story() -> bool:
    return threading.current_thread() is threading.main_thread()


def _leaping(clock: Callable[[], float]) -> Callable[[], float]:
    """Return a clock by which an hour has passed whenever a story looks."""
    looks, began = count(), clock()
    return lambda: began + 3600.0 * next(looks) if _is_story() else clock()


def _refused(act: Callable[..., object]) -> Callable[..., object]:
    """Return what refuses to act in a story."""

    def refuse(*given: object) -> object:
        assert not _is_story(), "a simulated session waits for the machine, or starts a thread"
        return act(*given)

    return refuse


def test_a_story_is_the_same_by_a_clock_that_leaps(monkeypatch: pytest.MonkeyPatch) -> None:
    stories = [simulate(seed).story.lines for seed in SEEDS]
    assert LOADED
    with monkeypatch.context() as patch:
        for name in CLOCKS:
            patch.setattr(time, name, _leaping(getattr(time, name)))
        patch.setattr(time, "sleep", _refused(time.sleep))
        patch.setattr(threading.Thread, "start", _refused(threading.Thread.start))
        leaping = [simulate(seed).story.lines for seed in SEEDS]
    for seed, (calm, starved) in enumerate(zip(stories, leaping, strict=True)):
        assert starved == calm, f"seed {seed} has another story where the machine is slow"


def test_nobody_else_reads_the_machines_clock_in_a_story() -> None:
    """Whoever keeps a clock by another name is seen too."""
    readers: set[str] = set()

    def note(frame: FrameType, event: str, what: object) -> None:
        if event == "c_call" and what in READ:
            readers.add(frame.f_globals["__name__"])

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for seed in SEEDS:
            simulate(seed)
    finally:
        sys.setprofile(before)
    # Hypothesis times the garbage collector of whoever has imported it.
    found = {name for name in readers if not name.startswith("hypothesis.")}
    assert found - READERS.keys() == set()
