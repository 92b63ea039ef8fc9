"""What is to be done when this process ends in order, by whoever has something to do then.

A kill ends it without: nothing that has to be right may depend on this.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import logging

BOUND_SECONDS = 10.0
_EXIT_SIGNAL = 128
# What a shell reports of a process that SIGPIPE ended.
EXIT_BROKEN_PIPE = 141
Callback = Callable[[], object]


class _Handler:
    """A callback, told apart from the same one registered again."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback


_handlers: list[_Handler] = []
# A signal may come while this very thread holds it.
_mutex = threading.RLock()


def register_shutdown_handler(callback: Callback) -> Callable[[], None]:
    """Have a callback called once when this process ends, in reverse order of registering.

    That is at its normal end, after an exception that nobody caught, and after SIGINT or SIGTERM;
    where nobody else has taken SIGTERM it is taken for this. Return what takes the callback back.
    """
    handler = _Handler(callback)
    with _mutex:
        _handlers.append(handler)
    _take_sigterm()

    def take_back() -> None:
        with _mutex:
            if handler in _handlers:
                _handlers.remove(handler)
            if not _handlers:
                _give_sigterm_back()

    return take_back


def run_shutdown_handlers(within_seconds: float = BOUND_SECONDS) -> None:
    """Call what is registered, each once; one that fails or hangs keeps no other from its turn.

    A process whose main program calls it waits no longer than that. At the interpreter's own end
    it is called for those that do not; there is no bound there from Python 3.12 on, which starts
    no thread any more.
    """
    deadline = time.monotonic() + within_seconds
    while True:
        with _mutex:
            if not _handlers:
                return
            callback = _handlers.pop().callback
        thread = threading.Thread(target=_call, args=(callback,), daemon=True)
        try:
            thread.start()
        except RuntimeError:
            _call(callback)
            continue
        # Half of what is left: one that hangs leaves some to the others.
        thread.join(max(0.0, deadline - time.monotonic()) / 2)
        if thread.is_alive():
            _logger().error("%s, called at the end, is not done in time", _name_of(callback))


def reader_is_gone() -> int:
    """Return the exit code of a command whose output nobody reads any more, as after `| head`."""
    # The interpreter flushes once more at its end, and must not complain then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_BROKEN_PIPE


def leave(code: int) -> NoReturn:
    """End this process, whose handlers were called, without waiting for threads of Prefect's.

    They keep DuckDB's module alive, which would fill the console with what it thinks is lost.
    """
    # Who no longer reads has heard enough.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _call(callback: Callback) -> None:
    try:
        callback()
    except Exception:
        # Whatever it is: the others have their turn.
        logger = _logger()
        logger.exception("%s, which is called at the end, failed", _name_of(callback))


def _logger() -> logging.Logger:
    # Imported here: most processes end without a complaint.
    from blocks.process.logs import get_logger

    return get_logger("shutdown")


def _name_of(callback: Callback) -> str:
    return str(getattr(callback, "__qualname__", repr(callback)))


def _take_sigterm() -> None:
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit)


def _give_sigterm_back() -> None:
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is _exit:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(_EXIT_SIGNAL + number)


atexit.register(run_shutdown_handlers)
# A child process that is a copy of this one has nothing to end for it.
os.register_at_fork(after_in_child=_handlers.clear)
