"""Registering again and again, so that no schedule ends while a process stays up."""

from __future__ import annotations

from collections.abc import Callable

from deployments.processes.home import Say
from trading.errors import OpenbellError

# A schedule reaches a year ahead and is extended when half of that is left.
EVERY_S = 24 * 3600.0
AFTER_FAILURE_S = 15 * 60.0


class Registration:
    """Registers once a day, and after a failure, which is said, a quarter of an hour later.

    Times are monotonic.
    """

    def __init__(self, register: Callable[[], None], say: Say, now: float) -> None:
        self._register = register
        self._say = say
        self._due = now + EVERY_S

    def tend(self, now: float) -> None:
        """Register when it is due."""
        if now < self._due:
            return
        try:
            self._register()
            self._due = now + EVERY_S
        except OpenbellError as error:
            self._due = now + AFTER_FAILURE_S
            self._say(f"{error} Trading goes on with the schedule there is.")
