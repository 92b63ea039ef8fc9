"""The thread that looks at the calls of a strategy keeps hold of nothing else."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from blocks.strategy_source import time_limit

PATIENCE_SECONDS = 60.0


class DeepCall:
    """A thread that waits in the last of two hundred calls, each made by the one before."""

    def __init__(self) -> None:
        self._begun, self._may_end = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._deep, args=(200,), daemon=True)
        self.thread.start()
        assert self._begun.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        self._may_end.set()
        self.thread.join(PATIENCE_SECONDS)

    def _deep(self, depth: int) -> None:
        if depth:
            self._deep(depth - 1)
        else:
            self._begun.set()
            self._may_end.wait(PATIENCE_SECONDS)


@pytest.fixture
def deep_call() -> Iterator[DeepCall]:
    call = DeepCall()
    yield call
    call.end()


def test_between_its_looks_the_thread_holds_no_frame_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = threading.Semaphore(0)
    is_in_a_call = time_limit._is_in_a_call

    def counted(thread: int) -> bool:
        looks.release()
        return is_in_a_call(thread)

    monkeypatch.setattr(time_limit, "_is_in_a_call", counted)
    monkeypatch.setitem(time_limit._WATCH.limits, str(tmp_path / "strategy.py"), 0.04)
    time_limit.watch_calls(str(tmp_path / "strategy.py"), 0.04)
    thread = time_limit._WATCH.thread
    assert thread is not None
    # More than there are threads: one look at least is over.
    for _ in range(3 * threading.active_count()):
        assert looks.acquire(timeout=PATIENCE_SECONDS)
    while True:
        frame = sys._current_frames()[thread.ident or 0]
        if frame.f_code is time_limit._look.__code__:
            break
    assert not any(isinstance(value, FrameType) for value in frame.f_locals.values())


def test_a_thread_in_a_call_is_found_however_deep_and_no_other_is(
    deep_call: DeepCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = deep_call.thread
    assert thread.ident is not None
    monkeypatch.setitem(time_limit._WATCH.limits, __file__, 1_000.0)
    assert time_limit._is_in_a_call(thread.ident)
    call = time_limit._running_calls({})[thread.ident][0]
    # The call that came from elsewhere, not the two hundred below it.
    assert (call.f_code.co_name, call.f_locals["depth"]) == ("_deep", 200)
    deep_call.end()
    assert not time_limit._is_in_a_call(thread.ident)
    time_limit._let_go(call)


def test_no_garbage_is_collected_in_the_middle_of_a_look(
    deep_call: DeepCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is collected may let another thread run, whose frames end while they are looked at.
    collections: list[int] = []
    in_looks: list[int] = []
    is_in_a_call = time_limit._is_in_a_call

    def told(phase: str, info: dict[str, int]) -> None:
        collections.append(threading.get_ident())

    def seen(thread: int) -> bool:
        before = collections.count(threading.get_ident())
        answer = is_in_a_call(thread)
        in_looks.append(collections.count(threading.get_ident()) - before)
        return answer

    thresholds = gc.get_threshold()
    gc.callbacks.append(told)
    gc.set_threshold(1)
    try:
        monkeypatch.setattr(time_limit, "_is_in_a_call", seen)
        time_limit._running_calls({})
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(told)
    assert in_looks
    assert set(in_looks) == {0}


def test_a_program_that_collects_no_garbage_goes_on_without() -> None:
    was_enabled = gc.isenabled()
    try:
        for enabled in (False, True):
            (gc.enable if enabled else gc.disable)()
            time_limit._running_calls({})
            assert gc.isenabled() == enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
