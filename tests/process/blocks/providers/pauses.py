"""Pauses between the connections of a stream that end when a test says so."""

from __future__ import annotations

import threading

LIMIT_SECONDS = 20


class Pauses:
    """Stands for the wait between two connections; `taken` has the seconds of each."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self._is_over = False
        self._go_on = threading.Semaphore(0)
        self._changed = threading.Condition()

    def __call__(self, seconds: float) -> bool:
        with self._changed:
            self.taken.append(seconds)
            self._changed.notify_all()
        self._go_on.acquire(timeout=LIMIT_SECONDS)
        return self._is_over

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.taken) >= count, LIMIT_SECONDS)

    def end_one(self) -> None:
        self._go_on.release()

    def end_all(self) -> None:
        self._is_over = True
        self._go_on.release()
