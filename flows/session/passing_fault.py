"""Faults that may pass: a run waits for their end, and people hear of them once."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from blocks.process.clocks import SystemClock
from blocks.process.logs import get_logger
from blocks.process.secret_mask import MASK
from blocks.process.stop_request import StopRequest
from trading.errors import BadInput, LeaseLost, OpenbellError
from trading.session.ports import Clock, Notifier

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.5
# How often a session that is to stop is tried to be left in order; a worker kills after 30 s.
TRIES_OF_A_STOP = 3


class PassingFaults:
    """Waits out what may pass by itself, longer each time until all is well again.

    `notifier` writes to no store when it is told. It hears of each kind of fault once, and of the
    end of them all.
    """

    def __init__(self, notifier: Notifier, should_stop: StopRequest) -> None:
        self._notifier = notifier
        self._should_stop = should_stop
        self._kinds: set[type[Exception]] = set()
        self._waits = 0
        self._tries_of_a_stop = 0
        self._began = 0.0

    async def wait(self, error: Exception, until: datetime, clock: Clock | None = None) -> bool:
        """Wait until it is time to try again; return False when trying has no more sense.

        That is so after `until` by the clock, the machine's when left out, and for what a person
        must mend or another process holds. A wish to stop ends the wait.
        """
        if isinstance(error, BadInput | LeaseLost):
            return False
        if self._should_stop():
            self._tries_of_a_stop += 1
            if self._tries_of_a_stop >= TRIES_OF_A_STOP:
                return False
        elif (clock or SystemClock()).now() >= until:
            return False
        self.say(error)
        await self.pause()
        return True

    async def pause(self) -> None:
        """Wait longer than the last time, but not longer than until it is time to stop."""
        seconds = min(FIRST_WAIT_SECONDS * 2**self._waits, LONGEST_WAIT_SECONDS)
        self._waits = min(self._waits + 1, 10)
        await self.nap(FIRST_WAIT_SECONDS if self._should_stop() else seconds)

    async def nap(self, seconds: float) -> None:
        """Let the machine's time pass, but not longer than until the wish to stop changes."""
        had_to_stop = self._should_stop()
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and self._should_stop() == had_to_stop:
            await asyncio.sleep(min(left, LOOK_EVERY_SECONDS))

    def are_over(self) -> bool:
        """Take note that all is well, so that the next fault is a new one; say if one was."""
        self._waits = 0
        if not self._kinds:
            return False
        self._kinds = set()
        seconds = time.monotonic() - self._began
        self._notifier.send("SYSTEM_WARNING", f"all is well again after {seconds:.0f} s")
        return True

    def say(self, error: Exception) -> None:
        """Tell people of a fault, if it is the first of its kind."""
        if type(error) in self._kinds:
            return
        if not self._kinds:
            self._began = time.monotonic()
        self._kinds.add(type(error))
        if isinstance(error, OpenbellError):
            what, hint = error.what, error.hint
        else:
            what = f"{type(error).__name__}: {error}"
            hint = "The log has its traceback"
            get_logger("session").error("what nobody foresaw: %s", what, exc_info=error)
        self._notifier.send(
            "SYSTEM_ERROR",
            MASK.text(what),
            title="The session waits for the end of a fault",
            action_required=MASK.text(hint),
        )
