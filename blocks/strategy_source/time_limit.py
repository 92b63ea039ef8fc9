"""A call of a strategy that does not come back is ended: a thread looks at the running calls.

It costs a call nothing, and sees what the rounds of loops do not tell: sleeping, waiting for a
network, calls that are slow by themselves. Machine code has no calls to look at, and a single
call of C code that keeps the interpreter to itself lets no other thread look.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from types import FrameType

TIME_LIMIT_SECONDS = 10.0
# Loading may import and prepare.
LOADING_LIMIT_SECONDS = 60.0
_LONGEST_PAUSE = 1.0
# Nobody's: ignored unless handled, and neither asyncio nor Prefect handle it.
_SIGNAL = signal.SIGURG


# By thread: the call that it is in, and since when.
_Running = dict[int, tuple[FrameType, float]]


@dataclass
class _Watch:
    """The files that are watched, each with its limit, and the thread that does it."""

    limits: dict[str, float] = field(default_factory=dict)
    thread: threading.Thread | None = None
    due: type[TimeoutError] | None = None


_WATCH = _Watch()


def watch_calls(file: str, seconds: float) -> None:
    """End each call of a function of a file that takes longer than so many seconds."""
    _WATCH.limits[file] = seconds
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(_SIGNAL) is signal.SIG_DFL:
        signal.signal(_SIGNAL, _end_in_main_thread)
    # A process that was forked has none of its parent's threads.
    if _WATCH.thread is None or not _WATCH.thread.is_alive():
        _WATCH.thread = threading.Thread(target=_look, name="strategy-time-limit", daemon=True)
        _WATCH.thread.start()


def _look() -> None:
    since: _Running = {}
    while True:
        limits = tuple(_WATCH.limits.values())
        time.sleep(min((_LONGEST_PAUSE, *(seconds / 4 for seconds in limits))))
        since = _running_calls(since)


def _running_calls(since: _Running) -> _Running:
    """Return the calls that are running now, and end those that ran for too long already.

    Of all other frames nothing is kept: what a program held at its end would be held for good.
    """
    now = time.monotonic()
    running: _Running = {}
    for thread, frame in sys._current_frames().items():
        call = _outermost(frame)
        if call is None:
            continue
        known = since.get(thread)
        began = known[1] if known is not None and known[0] is call else now
        running[thread] = (call, began)
        limit = _limit_of(call)
        if now - began > limit:
            _end(thread, limit)
    return running


def _outermost(frame: FrameType | None) -> FrameType | None:
    """Return the first call of a watched file that a thread is in, None if in none."""
    found = None
    while frame is not None:
        if frame.f_code.co_filename in _WATCH.limits:
            found = frame
        frame = frame.f_back
    return found


def _limit_of(call: FrameType) -> float:
    limit = _WATCH.limits[call.f_code.co_filename]
    is_loading = call.f_code.co_name == "<module>"
    return max(limit, LOADING_LIMIT_SECONDS) if is_loading else limit


def _end(thread: int, limit: float) -> None:
    said = f"one call took longer than {limit:g} s, which is TIME_LIMIT_SECONDS"
    error = type("TimeoutError", (TimeoutError,), {"__str__": lambda self: said})
    is_main = thread == threading.main_thread().ident
    if is_main and signal.getsignal(_SIGNAL) is _end_in_main_thread:
        # A signal also ends waiting, which the other way does not.
        _WATCH.due = error
        signal.pthread_kill(thread, _SIGNAL)
    else:
        raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
        raise_in(ctypes.c_ulong(thread), ctypes.py_object(error))


def _end_in_main_thread(number: int, frame: FrameType | None) -> None:
    error, _WATCH.due = _WATCH.due, None
    if error is not None and _outermost(frame) is not None:
        raise error
