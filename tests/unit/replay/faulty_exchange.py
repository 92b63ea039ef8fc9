"""An exchange in memory that loses requests and answers, refuses, repeats itself and says more."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.unit.replay.in_memory import MemoryExchange
from trading.errors import OutcomeUnknown
from trading.plan import RunPlan
from trading.session.events import Fill, Intent, OrderUpdate
from trading.session.orders import Status
from trading.session.ports import StreamPosition
from trading.session.venue_orders import VenueEvent


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

    def submit(self, intent: Intent) -> None:
        fault = self._random.random()
        if fault < 0.1 and intent.leg != "entry":
            self.refused += 1
            self._take([self._refusal(intent)])
            return
        self._ask(super().submit, intent)

    def replace(self, intent: Intent) -> None:
        self._ask(super().replace, intent)

    def cancel(self, intent: Intent) -> None:
        self._ask(super().cancel, intent)

    def stream(self) -> StreamPosition:
        if self._random.random() < self._foreign_share:
            self.foreign += 1
            symbol = self._random.choice(self._symbols)
            name = f"manual-{self.foreign}"
            self._take([Fill(f"{name}.1", name, symbol, "exit", 3, 10.0, 0.0, 1)])
        return super().stream()

    def _ask(self, request: Callable[[Intent], None], intent: Intent) -> None:
        fault = self._random.random()
        if fault < 0.1:
            self.lost += 1
            raise OutcomeUnknown("no answer", "It is looked up")
        if fault < 0.2:
            self.lost += 1
            request(intent)
            raise OutcomeUnknown("no answer", "It is looked up")
        request(intent)

    def _refusal(self, intent: Intent) -> VenueEvent:
        return OrderUpdate(
            intent.client_order_id, intent.symbol, intent.leg, Status.REJECTED, 0, reason="no"
        )
