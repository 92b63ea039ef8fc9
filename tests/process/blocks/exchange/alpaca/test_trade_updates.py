"""Trade updates over a websocket: they make news quicker, and nothing depends on them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from blocks.exchange.alpaca.line.access import BrokerAccess
from blocks.exchange.alpaca.listening import BESIDE_STREAM_SECONDS, MUTE_SECONDS
from blocks.exchange.alpaca.trade_updates import TradeUpdates
from tests.logged import logged
from tests.process.blocks.exchange.alpaca.trader import (
    ENTRY,
    EXIT,
    Trader,
    fills,
    trader_at,
)
from tests.servers.alpaca_broker import KEYS, AlpacaBroker
from tests.servers.alpaca_updates import PATIENCE_SECONDS, AlpacaUpdates
from trading.errors import OpenbellError


class Heard(TradeUpdates):
    """Trade updates that a test can wait for, with the pauses between connections."""

    def __init__(self, access: BrokerAccess) -> None:
        self.changed = threading.Condition()
        self.came = 0
        self.troubles: list[OpenbellError] = []
        self.pauses: list[float] = []
        super().__init__(access, wait=self._wait, jitter=lambda: 0.5)

    def connected(self) -> None:
        super().connected()
        self._notify(0)

    def heard(self, message: object) -> None:
        super().heard(message)  # type: ignore[arg-type]
        self._notify(1)

    def ended(self, trouble: OpenbellError) -> None:
        super().ended(trouble)
        self.troubles.append(trouble)
        self._notify(0)

    def wait_for(self, updates: int = 0, *, troubles: int = 0, is_connected: bool = True) -> None:
        with self.changed:
            assert self.changed.wait_for(
                lambda: (
                    self.came >= updates
                    and len(self.troubles) >= troubles
                    and self.is_connected == is_connected
                ),
                PATIENCE_SECONDS,
            )

    def _notify(self, more: int) -> None:
        with self.changed:
            self.came += more
            self.changed.notify_all()

    def _wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return len(self.pauses) >= 6


@contextmanager
def listening(secret: str = KEYS[1]) -> Iterator[tuple[Trader, AlpacaUpdates, Heard]]:
    with AlpacaBroker().running() as broker, AlpacaUpdates(KEYS).running() as updates:
        access = BrokerAccess(
            SecretStr(KEYS[0]), SecretStr(secret), base_url=broker.url, stream_url=updates.url
        )
        heard = Heard(access)
        trader = trader_at(broker, heard)
        try:
            yield trader, updates, heard
        finally:
            trader.exchange.close()


def test_an_update_is_asked_about_at_once_and_repeats_of_it_are_told_once() -> None:
    with listening() as (trader, updates, heard):
        trader.news()
        heard.wait_for()
        trader.exchange.submit(EXIT)
        trader.news()
        order = trader.broker.of(EXIT.client_order_id)
        asked = len(trader.broker.asked)
        assert trader.news(0.1) == []
        assert len(trader.broker.asked) == asked
        trader.broker.fill(order, 40, 50.0)
        older = dict(order)
        trader.broker.fill(order, 60, 51.0)
        # The newest first, and everything twice.
        for event in (order, older, order, older):
            updates.send("fill", event)
        heard.wait_for(4)
        told = [*fills(trader.news(0.1)), *fills(trader.news(BESIDE_STREAM_SECONDS))]
        assert [(fill.quantity, fill.price) for fill in told] == [(-40, 50.0), (-60, 51.0)]
        assert updates.connections == 1


def test_updates_in_messagepack_are_heard_too() -> None:
    with listening() as (trader, updates, heard):
        updates.is_in_msgpack = True
        trader.news()
        heard.wait_for()
        trader.exchange.submit(EXIT)
        trader.news()
        order = trader.broker.of(EXIT.client_order_id)
        trader.broker.fill(order, 100, 50.0)
        updates.send("fill", order)
        heard.wait_for(1)
        assert [fill.quantity for fill in fills(trader.news(0.1))] == [-100]
        assert heard.troubles == []


def test_a_stream_that_is_connected_and_mute_is_made_anew_and_no_fill_is_missed() -> None:
    with listening() as (trader, updates, heard):
        trader.news()
        heard.wait_for()
        trader.news()
        for number in range(1, 4):
            entry = trader.broker.place({**_BODY, "client_order_id": f"somebody-{number}"})
            trader.broker.fill(entry, 1, 50.0)
            assert len(fills(trader.news(BESIDE_STREAM_SECONDS))) == 1
            trader.news(MUTE_SECONDS)
            heard.wait_for(troubles=number)
            updates.wait_for(number + 1)
            trader.news()
        assert "connected and mute" in str(heard.troubles[0])
        # Without a trade on it each connection is waited for longer than the one before.
        assert heard.pauses == sorted(set(heard.pauses))


def test_a_stream_that_tells_what_asking_finds_is_kept() -> None:
    with listening() as (trader, updates, heard):
        trader.news()
        heard.wait_for()
        trader.news()
        trader.exchange.submit(ENTRY)
        order = trader.broker.of(ENTRY.client_order_id)
        trader.broker.fill(order, 100, 50.0)
        assert len(fills(trader.news())) == 1
        updates.send("fill", order)
        heard.wait_for(1)
        for _ in range(5):
            trader.news(MUTE_SECONDS)
        assert (updates.connections, heard.troubles) == (1, [])


def test_news_come_all_the_same_when_the_stream_refuses_the_keys() -> None:
    with listening("of-somebody-else") as (trader, updates, heard):
        trader.news()
        heard.wait_for(troubles=1, is_connected=False)
        said = str(heard.troubles[0])
        assert "refuses the keys" in said and "of-somebody-else" not in said
        trader.exchange.submit(EXIT)
        trader.broker.fill(trader.broker.of(EXIT.client_order_id), 100, 50.0)
        assert len(fills(trader.news())) == 1
        assert updates.connections == 0


def test_a_stream_that_hangs_up_is_connected_again() -> None:
    with listening() as (trader, updates, heard):
        trader.news()
        heard.wait_for()
        updates.drop()
        updates.wait_for(2)
        heard.wait_for(troubles=1)
        # What happened in between was not told on it: it is asked for at once.
        trader.exchange.submit(EXIT)
        trader.broker.fill(trader.broker.of(EXIT.client_order_id), 100, 50.0)
        assert len(fills(trader.news(0.1))) == 1


def test_a_stream_is_heard_at_the_path_of_its_address_and_ends_without_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with listening() as (trader, updates, heard):
        trader.news()
        heard.wait_for()
        assert updates.paths == ["/stream"]
        trader.exchange.close()
        heard.wait_for(troubles=1, is_connected=False)
    assert logged(caplog) == []


_BODY = {"symbol": "MSFT", "side": "buy", "type": "market", "qty": "1"}


@pytest.mark.parametrize("url", [None, "ws://127.0.0.1:7/stream"])
def test_the_address_of_the_stream_is_made_of_that_of_orders(url: str | None) -> None:
    access = BrokerAccess(
        SecretStr("K"), SecretStr("S"), base_url="http://127.0.0.1:7", stream_url=url
    )
    assert access.stream_address == "ws://127.0.0.1:7/stream"
