"""An eye outside: it is told that all is well, and misses that when the machine is gone."""

from __future__ import annotations

from blocks.account_files import LEDGERS
from blocks.ledger.lease import is_held
from deployments.errands.errand import Errand
from deployments.processes.home import Home
from trading.errors import OpenbellError

# While a session is in hand, and on other days.
SESSION_EVERY_S = 180.0
OTHERWISE_EVERY_S = 86_400.0
# After one that was not sent, since something is not well or the eye did not answer.
AGAIN_IN_SESSION_S = 60.0
AGAIN_OTHERWISE_S = 600.0
FIRST_AFTER_S = 60.0


class DeadMan:
    """Starts `deployments.errands.ping` when the next ping is due.

    A session that should be in hand and is not makes health red, and a ping that is due is not
    sent then; so it is enough to know here whether anybody trades.
    """

    def __init__(self, home: Home, errand: Errand, now: float) -> None:
        self._home = home
        self._errand = errand
        self._pinged = float("-inf")
        self._not_before = now + FIRST_AFTER_S

    def tend(self, now: float) -> None:
        """Start a ping that is due, and take note of how it went; `now` is monotonic."""
        is_session = self._is_session()
        if self._errand.is_running:
            code = self._errand.take_exit_code()
            if code == 0:
                self._pinged = now
            elif code is not None:
                self._not_before = now + (AGAIN_IN_SESSION_S if is_session else AGAIN_OTHERWISE_S)
            return
        every_s = SESSION_EVERY_S if is_session else OTHERWISE_EVERY_S
        if now >= self._not_before and now - self._pinged >= every_s:
            self._errand.start()

    def _is_session(self) -> bool:
        for ledger in self._home.data_dir.glob(LEDGERS):
            try:
                if not ledger.parent.name.startswith("replay") and is_held(ledger.parent):
                    return True
            except OpenbellError:
                continue
        return False
