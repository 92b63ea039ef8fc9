"""A broker without a line: an account, instruments and a clock that a test sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from blocks.settings.broker import BrokerSettings
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from tests.unit.replay.in_memory import MemoryExchange
from trading.market.calendar import Session
from trading.plan import make_plan
from trading.session.broker.answers import Answer, ExchangeUnavailable
from trading.session.broker.exchange_port import Exchange
from trading.session.broker.facts import BrokerAccount, BrokerClock, Instrument
from trading.session.events import BarClosed, Intent

SYMBOLS = ("AAA", "BBB")
DAY, NEXT_DAY = "2025-06-10", "2025-06-11"
ACCOUNT = BrokerAccount(
    Decimal("31250.5"), Decimal("31250.5"), Decimal("125002"), may_short=True, number="...1234"
)
HERE = BrokerSettings(broker_type="alpaca", alpaca_base_url="http://127.0.0.1:9")


class StandInBroker(MemoryExchange):
    """Says what it is told to say; its orders are those of the simulated venue, in memory."""

    name = "Stand-in"
    is_simulated = False

    def __init__(self) -> None:
        super().__init__(make_plan(SYMBOLS, {}, capital=31_250.5))
        self.said = ACCOUNT
        self.instruments: dict[str, dict[str, bool]] = {}
        self.seconds_off = 0.0
        self.failure: Exception | None = None

    def account(self) -> BrokerAccount:
        if self.failure is not None:
            raise self.failure
        return self.said

    def instrument(self, symbol: str) -> Instrument:
        said = Instrument(symbol, True, True, True, True)
        return replace(said, **self.instruments.get(symbol, {}))

    def clock(self) -> BrokerClock:
        asked = now = datetime.now(UTC)
        # No two answers are of the same moment.
        while now == asked:
            now = datetime.now(UTC)
        return BrokerClock(now - timedelta(seconds=self.seconds_off), True)


class SilentBroker(StandInBroker):
    """Answers no request that would change something, and fails the test that sends one."""

    def submit(self, intent: Intent) -> Answer:
        raise AssertionError(intent)

    replace = cancel = submit

    def observe(self, bar: BarClosed, begins_anew: Any = ()) -> None:
        raise AssertionError(bar)

    def end_session(self, session: str, close_us: int) -> None:
        raise AssertionError(session)


@dataclass(frozen=True)
class StandInParts(PlainParts):
    """Parts whose broker is the one that a test holds."""

    stand_in: StandInBroker = field(default_factory=StandInBroker)

    def broker_exchange(
        self,
        symbols: Sequence[str],
        replayed: Session | None = None,
        speed: float | None = None,
        told: Callable[[int], int] | None = None,
    ) -> Exchange:
        return self.stand_in


def asked(folder: Path, broker: StandInBroker, days: str = DAY, **more: Any) -> SessionRequest:
    """Return a replay that takes no time to speak of, at the stand-in."""
    parts = StandInParts(folder, broker=HERE, stand_in=broker)
    more = {"interval_minutes": 30, "settings": {"range_minutes": 30}, "speed": 1e6} | more
    return SessionRequest(parts, replay=days, symbols=SYMBOLS, **more)


UNAVAILABLE = ExchangeUnavailable("the stand-in did not answer", "It is asked again")
