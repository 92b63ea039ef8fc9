"""An account at the test's Alpaca, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import SecretStr

from blocks.exchange.alpaca.exchange import AlpacaExchange
from blocks.exchange.alpaca.line.access import BrokerAccess
from tests.servers.alpaca_broker import KEYS, AlpacaBroker
from trading.session.broker.exchange_port import BEGINNING, ExchangeEvent, StreamPosition
from trading.session.events import Fill, Intent, OrderUpdate
from trading.session.orders import Leg, client_order_id


def name_of(leg: Leg, attempt: int = 1, symbol: str = "AAPL") -> str:
    return client_order_id("alpaca-paper", "2026-03-02", "orb", symbol, leg, attempt)


ENTRY = Intent(
    "submit", name_of(Leg.ENTRY), "AAPL", Leg.ENTRY, 100, 1, reference_price=50.0, stop_price=49.0,
    target_offset=2.0, stop_id=name_of(Leg.STOP), target_id=name_of(Leg.TARGET),
)  # fmt: skip
STOP = Intent("submit", name_of(Leg.STOP), "AAPL", Leg.STOP, -100, 1, price=49.0)
EXIT = Intent("submit", name_of(Leg.EXIT), "AAPL", Leg.EXIT, -100, 1)


@dataclass
class Trader:
    """One adapter, how far its news were read, and which fills were booked."""

    broker: AlpacaBroker
    exchange: AlpacaExchange
    seconds: float = 0.0
    position: StreamPosition = BEGINNING
    booked: set[str] = field(default_factory=set)

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    def news(self, after_s: float = 2.0) -> list[ExchangeEvent]:
        """Return what happened since it was asked last, so many seconds later.

        Of news that begin anew what is booked is left out, as the desk does.
        """
        self.seconds += after_s
        page = self.exchange.events(self.position)
        known = set(self.booked) if page.begins_anew else set()
        self.position = page.position
        self.booked |= {fill.exec_id for fill in fills(page.events)}
        return [item for item in page.events if getattr(item.event, "exec_id", "") not in known]

    def again(self, **access: Any) -> Trader:
        """Return the trader after a restart, who knows what the ledger has."""
        after = trader_at(self.broker, **access)
        after.position, after.booked = self.position, self.booked
        return after


class NoStream:
    """A stream that is never connected: news come by asking alone."""

    is_connected = False

    def start(self) -> None:
        pass

    def take(self) -> list[Any]:
        return []

    def renew(self, why: str) -> None:
        pass

    def close(self) -> None:
        pass


def trader_at(broker: AlpacaBroker, stream: Any = None, **access: Any) -> Trader:
    keys = BrokerAccess(SecretStr(KEYS[0]), SecretStr(KEYS[1]), base_url=broker.url, timeout_s=0.5)
    made: list[Trader] = []
    exchange = AlpacaExchange(
        replace(keys, **access), lambda: broker.now, ("AAPL", "BRK-B"), stream=stream or NoStream(),
        steady=lambda: made[0].seconds if made else 0.0,
        wait=lambda seconds: made[0].pass_(seconds),
    )  # fmt: skip
    made.append(Trader(broker, exchange))
    return made[0]


@contextmanager
def trading(stream: Any = None, **access: Any) -> Iterator[Trader]:
    with AlpacaBroker().running() as broker:
        trader = trader_at(broker, stream, **access)
        try:
            yield trader
        finally:
            trader.exchange.close()


def fills(events: list[ExchangeEvent]) -> list[Fill]:
    return [item.event for item in events if isinstance(item.event, Fill)]


def updates(events: list[ExchangeEvent]) -> list[OrderUpdate]:
    return [item.event for item in events if isinstance(item.event, OrderUpdate)]
