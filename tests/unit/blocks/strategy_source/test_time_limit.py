"""The thread that looks at the calls of a strategy keeps hold of nothing else."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import FrameType

import pytest

from blocks.strategy_source import time_limit

PATIENCE_SECONDS = 60.0


def test_between_its_looks_the_thread_holds_no_frame_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = threading.Semaphore(0)
    outermost = time_limit._outermost

    def counted(frame: FrameType | None) -> FrameType | None:
        looks.release()
        return outermost(frame)

    monkeypatch.setattr(time_limit, "_outermost", counted)
    monkeypatch.setitem(time_limit._WATCH.limits, str(tmp_path / "strategy.py"), 0.04)
    time_limit.watch_calls(str(tmp_path / "strategy.py"), 0.04)
    thread = time_limit._WATCH.thread
    assert thread is not None
    # More frames than there are threads: one look at least is over.
    for _ in range(3 * threading.active_count()):
        assert looks.acquire(timeout=PATIENCE_SECONDS)
    while True:
        frame = sys._current_frames()[thread.ident or 0]
        if frame.f_code is time_limit._look.__code__:
            break
    assert not any(isinstance(value, FrameType) for value in frame.f_locals.values())
