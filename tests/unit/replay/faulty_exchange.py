"""An exchange in memory that loses requests and answers, refuses, repeats itself and says more."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.unit.replay.in_memory import MemoryExchange
from trading.plan import RunPlan
from trading.session.broker.answers import Answer, Refusal, Refused, Unknown
from trading.session.broker.exchange_port import EventPage, StreamPosition
from trading.session.events import Fill, Intent


class FaultyExchange(MemoryExchange):
    """Draws what goes wrong from a seed; the venue behind it is always right.

    Of each request: no fault, lost on its way, the answer lost, or refused. At so many of a
    session's looks (`foreign_share`) there is an event of somebody else.
    """

    def __init__(self, plan: RunPlan, seed: int, foreign_share: float = 0.02) -> None:
        super().__init__(plan)
        self._foreign_share = foreign_share
        self._random = random.Random(seed)
        self._symbols = plan.symbols
        self.foreign = self.lost = self.refused = 0

    def submit(self, intent: Intent) -> Answer:
        fault = self._random.random()
        if fault < 0.1 and intent.leg != "entry":
            self.refused += 1
            return Refused(Refusal.PERMANENT, "no")
        return self._ask(super().submit, intent)

    def replace(self, intent: Intent) -> Answer:
        return self._ask(super().replace, intent)

    def cancel(self, intent: Intent) -> Answer:
        return self._ask(super().cancel, intent)

    def events(self, since: StreamPosition) -> EventPage:
        if self._random.random() < self._foreign_share:
            self.foreign += 1
            symbol = self._random.choice(self._symbols)
            name = f"manual-{self.foreign}"
            self._take([Fill(f"{name}.1", name, symbol, "exit", 3, 10.0, 0.0, 1)])
        return super().events(since)

    def _ask(self, request: Callable[[Intent], Answer], intent: Intent) -> Answer:
        fault = self._random.random()
        if fault < 0.1:
            self.lost += 1
            return Unknown("no answer")
        answer = request(intent)
        if fault < 0.2:
            self.lost += 1
            return Unknown("no answer")
        return answer
