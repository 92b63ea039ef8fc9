"""A desk at a broker of the bracket kind, by a clock that a test moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from blocks.exchange.order_desk import OrderDesk
from tests.unit.blocks.exchange.bracket_broker import BracketBroker
from tests.unit.blocks.exchange.test_order_desk import BREAK, DAY, RANGE, SESSION, bar, plan
from tests.unit.replay.in_memory import ACCOUNT, MemoryLedger
from trading.session.events import Event, SessionStarted, Unprotected
from trading.session.order_times import OrderTimes
from trading.session.orders import Leg, Order
from trading.session.state import SessionState

LONG_ENTRY = 11.0


class HandClock:
    """Shows what it is set to."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    async def sleep_until(self, moment: datetime, at_most_seconds: float = 0.0) -> None:
        self.moment = moment


class Trading:
    """One session of one symbol, up to the entry of a breakout: `desk`, `broker` and a clock."""

    session = SESSION
    # So long after the close exits are sent.
    grace = timedelta(0)

    def __init__(self, broker: BracketBroker, **settings: Any) -> None:
        self.broker = broker
        self.plan = plan(**settings)
        self.ledger = MemoryLedger()
        self.clock = HandClock(SESSION.open)
        self.desk = self._desk()
        self.desk.record(SessionStarted(str(DAY), 0, 0, self.desk.state.inheritance()))

    def _desk(self) -> OrderDesk:
        state = SessionState(self.plan, self.session)
        times = OrderTimes(self.clock, self.session, 5, timedelta(seconds=10), grace=self.grace)
        broker: Any = self.broker
        ledger: Any = self.ledger
        return OrderDesk(state, ledger, broker, ACCOUNT, 1, times=times)

    def restart(self) -> None:
        """Begin anew from the journal, as after a crash."""
        self.desk = self._desk()
        self.desk.fold(self.ledger.events)
        self.desk.resolve(self.clock.now(), SESSION.close)
        self.desk.reconcile()
        self.desk.execute()

    def take_bar(self, number: int, *prices: tuple[float, float, float, float] | None) -> None:
        """Let a bar close, and what it asks for be asked."""
        self.clock.moment = SESSION.bar_end(number, 5)
        self.desk.take_bar(bar(number, *prices))
        self.desk.execute()

    def to_the_entry(self) -> Order:
        """Trade to the break; return the entry of AAA as the broker has it."""
        self.take_bar(0, RANGE, None)
        self.take_bar(1, BREAK, None)
        return self.broker.live(Leg.ENTRY)[0]

    def look(self, seconds: float = 0.25) -> None:
        """Look once more after some seconds, as a session does between two bars."""
        self.clock.moment += timedelta(seconds=seconds)
        self.desk.listen()
        self.desk.resolve(self.clock.now(), SESSION.close)
        self.desk.execute()

    def look_for(self, seconds: float, step: float = 0.25) -> None:
        """Look again and again for so long."""
        for _ in range(round(seconds / step)):
            self.look(step)

    @property
    def held(self) -> int:
        """Return what the books hold of AAA."""
        return int(self.desk.state.book.quantity[0])

    @property
    def stop(self) -> Order | None:
        """Return the stop that rests at the broker."""
        return self.broker.stop_of("AAA")

    def journal(self, kind: type[Event]) -> list[Any]:
        """Return the events of a kind that are committed."""
        return [event for event in self.ledger.events if isinstance(event, kind)]

    @property
    def gaps(self) -> list[Unprotected]:
        """Return the times without protection that the journal tells."""
        return self.journal(Unprotected)
