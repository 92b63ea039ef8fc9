"""What a supervisor has done by short-lived children, beside the processes that it keeps alive."""

from __future__ import annotations

from collections.abc import Callable

from deployments.errands.dead_man import DeadMan
from deployments.errands.errand import Errand
from deployments.errands.waiting_messages import WaitingMessages
from deployments.processes.home import Home


class Errands:
    """The errands of a data folder; none of them holds the supervisor up."""

    def __init__(
        self, home: Home, api_url: Callable[[], str], now: float, *, has_dead_man: bool
    ) -> None:
        deliver = Errand(home, "deliver", ["flows", "deliver"], api_url)
        self._errands: list[WaitingMessages | DeadMan] = [WaitingMessages(home, deliver, now)]
        if has_dead_man:
            ping = Errand(home, "dead-man", ["deployments.errands.ping"], api_url)
            self._errands.append(DeadMan(home, ping, now))

    def tend(self, now: float) -> None:
        """See what is due; `now` is monotonic."""
        for errand in self._errands:
            errand.tend(now)
