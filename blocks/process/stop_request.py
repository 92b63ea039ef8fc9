"""The wish to stop, as a signal brings it: noted at once, followed between two steps."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """A wait was given up because it is time to stop; no Exception, so that no retry follows."""


class StopRequest:
    """Whether a signal to end has arrived: the only thing that says that somebody wants the end.

    A handler that raises, Prefect's for one, strikes between any two instructions: inside a
    commit, or inside the very work of leaving a position. This one only takes note. The
    interpreter itself writes down each signal as well, whoever's handler was in place when it
    came: what else breaks off a session is nobody's wish.
    """

    def __init__(self) -> None:
        self.requested = False
        self._interrupts = False
        self._numbers: tuple[signal.Signals, ...] = ()
        self._record: _Record | None = None

    def __call__(self) -> bool:
        """Return whether it is time to stop."""
        if self._record is not None and not self.requested:
            self.requested = self._record.has_seen(self._numbers)
        return self.requested

    def listen(self) -> None:
        """Take SIGTERM, SIGINT and SIGHUP for good; the default would end this process at once."""
        self._take_over(signal.SIGTERM, signal.SIGINT)
        # As nohup leaves it: who closes his terminal then wants this to go on.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._take_over(signal.SIGHUP)

    @contextmanager
    def listening(self, *numbers: signal.Signals) -> Iterator[None]:
        """Take signals while the context lasts; the handlers before it have none of them then.

        Once one has arrived they stay with this one: what is ending is not to be torn at its end.
        Outside the main thread, where Python allows no handlers, nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in numbers}
        self._record = _Record()
        self._take_over(*numbers)
        try:
            yield
        finally:
            if not self():
                self._numbers = ()
                for number, handler in before.items():
                    signal.signal(number, handler)
            self._record.close()
            self._record = None

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
            if self():
                raise Interrupted
            yield
        finally:
            self._interrupts = False

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until a signal arrives."""
        # A plain flag and short sleeps: an Event set by a handler of its own waiter can deadlock.
        deadline = time.monotonic() + seconds
        while not self() and (left := deadline - time.monotonic()) > 0:
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


class _Record:
    """What the interpreter has written of the signals that came, before any handler ran."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        # A record that is full says enough already.
        before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        if before != -1:
            # Somebody waits for signals there, an event loop for one; the handler has to do.
            signal.set_wakeup_fd(before)

    def has_seen(self, numbers: tuple[signal.Signals, ...]) -> bool:
        """Return whether one of the signals has come since this was asked last."""
        seen = b""
        try:
            while more := self._reader.recv(4096):
                seen += more
        except BlockingIOError:
            pass
        return any(number in seen for number in numbers)

    def close(self) -> None:
        """Record nothing more."""
        current = signal.set_wakeup_fd(-1)
        if current not in (-1, self._writer.fileno()):
            signal.set_wakeup_fd(current)
        self._reader.close()
        self._writer.close()
