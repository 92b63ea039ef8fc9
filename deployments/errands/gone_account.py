"""An account whose folder was lost is brought back when `up` starts, not by tomorrow's run."""

from __future__ import annotations

from blocks.account_files import LOCAL_COPIES
from deployments.errands.errand import Errand
from deployments.processes.home import Home, Say

FIRST_WAIT_S = 15.0
LONGEST_WAIT_S = 600.0


class GoneAccount:
    """Starts `deployments.errands.bring_back` once, and again ever later where copies are away.

    Without copies there is nothing to be asked. What is brought back with an open session is taken
    up as one that nobody trades.
    """

    def __init__(self, home: Home, errand: Errand, say: Say, *, copies_leave: bool) -> None:
        self._errand = errand
        self._say = say
        self._next_at = 0.0
        self._wait_s = FIRST_WAIT_S
        self._is_done = not copies_leave and not (home.data_dir / LOCAL_COPIES).is_dir()
        self._said = ""

    def tend(self, now: float) -> None:
        """Start it when it is due, and take note of how it went; `now` is monotonic."""
        if self._is_done:
            return
        if not self._errand.is_running:
            if now >= self._next_at:
                self._errand.start()
            return
        code = self._errand.take_exit_code()
        if code is None:
            return
        said = self._errand.last_line()
        if said and said != self._said:
            self._say(said)
        self._said = said
        self._is_done = code == 0
        self._next_at = now + self._wait_s
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
