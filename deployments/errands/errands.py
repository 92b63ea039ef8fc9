"""What a supervisor has done by short-lived children, beside the processes that it keeps alive."""

from __future__ import annotations

from collections.abc import Callable

from deployments.errands.dead_man import DeadMan
from deployments.errands.errand import Errand
from deployments.errands.gone_account import GoneAccount
from deployments.errands.waiting_messages import WaitingMessages
from deployments.processes.home import Home, Say


class Errands:
    """The errands of a data folder; none of them holds the supervisor up."""

    def __init__(
        self,
        home: Home,
        api_url: Callable[[], str],
        now: float,
        say: Say,
        *,
        has_dead_man: bool,
        copies_leave: bool,
    ) -> None:
        bring_back = Errand(home, "bring-back", ["deployments.errands.bring_back"], api_url)
        deliver = Errand(home, "deliver", ["flows", "deliver"], api_url)
        self._errands: list[WaitingMessages | DeadMan | GoneAccount] = [
            GoneAccount(home, bring_back, say, copies_leave=copies_leave),
            WaitingMessages(home, deliver, now),
        ]
        if has_dead_man:
            ping = Errand(home, "dead-man", ["deployments.errands.ping"], api_url)
            self._errands.append(DeadMan(home, ping, now))

    def tend(self, now: float) -> None:
        """See what is due; `now` is monotonic."""
        for errand in self._errands:
            errand.tend(now)
