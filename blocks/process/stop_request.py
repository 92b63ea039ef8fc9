"""The wish to stop, as a signal brings it: noted at once, followed between two steps."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """A wait was given up because it is time to stop; no Exception, so that no retry follows."""


class StopRequest:
    """Whether a signal to end has arrived.

    A handler that raises, Prefect's for one, strikes between any two instructions: inside a
    commit, or inside the very work of leaving a position. This one only takes note.
    """

    def __init__(self) -> None:
        self.requested = False
        self._interrupts = False
        self._numbers: tuple[signal.Signals, ...] = ()

    def __call__(self) -> bool:
        """Return whether it is time to stop."""
        return self.requested

    def listen(self) -> None:
        """Take SIGTERM, SIGINT and SIGHUP for good; the default would end this process at once."""
        self._take_over(signal.SIGTERM, signal.SIGINT)
        # As nohup leaves it: who closes his terminal then wants this to go on.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._take_over(signal.SIGHUP)

    @contextmanager
    def listening(self, number: signal.Signals) -> Iterator[None]:
        """Take a signal while the context lasts; the handler before it has none of them then.

        Once it has arrived it stays with this one: what is ending is not to be torn at its end.
        Outside the main thread, where Python allows no handlers, nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(number)
        self._take_over(number)
        try:
            yield
        finally:
            if not self.requested:
                self._numbers = ()
                signal.signal(number, before)

    def listen_again(self) -> None:
        """Take the same signals back from a library that has put a handler of its own in place."""
        self._take_over(*self._numbers)

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let the signal raise Interrupted here: for waits that leave nothing half done.

        Raises Interrupted at once when it has arrived before.
        """
        self._interrupts = True
        try:
            if self.requested:
                raise Interrupted
            yield
        finally:
            self._interrupts = False

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until a signal arrives."""
        # A plain flag and short sleeps: an Event set by a handler of its own waiter can deadlock.
        deadline = time.monotonic() + seconds
        while not self.requested and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(0.1, left))

    def _take_over(self, *numbers: signal.Signals) -> None:
        for number in numbers:
            signal.signal(number, self._take)
        self._numbers = tuple({*self._numbers, *numbers})

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._interrupts:
            # Once: what is raised must be able to clean up.
            self._interrupts = False
            raise Interrupted
