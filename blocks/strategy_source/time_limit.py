"""A call of a strategy that does not come back is ended: a thread looks at the running calls.

It costs a call nothing, and sees what the rounds of loops do not tell: sleeping, waiting for a
network, calls that are slow by themselves. Machine code has no calls to look at, and a single
call of C code that keeps the interpreter to itself lets no other thread look.
"""

from __future__ import annotations

import ctypes
import gc
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, chain, repeat, takewhile
from operator import attrgetter, call, is_not
from types import FrameType
from typing import Any

TIME_LIMIT_SECONDS = 10.0
# Loading may import and prepare.
LOADING_LIMIT_SECONDS = 60.0
_LONGEST_PAUSE = 1.0
# Nobody's: ignored unless handled, and neither asyncio nor Prefect handle it.
_SIGNAL = signal.SIGURG


_IS_FRAME = partial(is_not, None)
_FILE = attrgetter("f_code.co_filename")

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


@contextmanager
def _without_collection() -> Iterator[None]:
    """Let no garbage be collected meanwhile.

    CPython 3.11 collects where it makes an object, and it makes one for each frame that is looked
    at. Where what is collected closes a file, another thread runs in the middle of that and ends
    the frame: its memory is somebody else's when it is written to, and the process crashes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_without_collection()
def _running_calls(since: _Running) -> _Running:
    """Return the calls that are running now, and end those that ran for too long already.

    Of all other frames nothing is kept: what a program held at its end would be held for good.
    """
    now = time.monotonic()
    running: _Running = {}
    for thread in [each.ident for each in threading.enumerate()]:
        if thread is None or not _is_in_a_call(thread):
            continue
        found = _outermost(sys._current_frames().get(thread))
        if found is None:
            continue
        known = since.get(thread)
        began = known[1] if known is not None and known[0] is found else now
        running[thread] = (found, began)
        limit = _limit_of(found)
        if now - began > limit:
            _end(thread, limit)
    for thread in tuple(since):
        _let_go(since.pop(thread)[0])
    return running


def _is_in_a_call(thread: int) -> bool:
    """Return whether a thread is in a call of a watched file, in one step of C.

    Meanwhile that thread does not run, so that its frames do not end while they are held: what
    they hold would be let go in this thread, and later.
    """
    newest: Iterator[Any] = map(dict.get, map(call, (sys._current_frames,)), (thread,))
    upwards: Callable[[Any, Any], Any] = getattr
    frames = takewhile(_IS_FRAME, accumulate(chain(newest, repeat("f_back")), upwards))
    return any(map(_WATCH.limits.__contains__, map(_FILE, frames)))


def _let_go(frame: FrameType | None) -> None:
    """Let the frames of a call that was held go one after the other.

    Of a deep stack that has ended they would go all at once, each within the one before.
    """
    held: list[FrameType] = []
    while frame is not None:
        held.append(frame)
        frame = frame.f_back
    while held:
        held.pop(0)


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
