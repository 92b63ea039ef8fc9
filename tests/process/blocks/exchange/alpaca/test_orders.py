"""Orders at Alpaca: what is sent, and what its answers mean."""

from __future__ import annotations

from tests.process.blocks.exchange.alpaca.trader import (
    ENTRY,
    fills,
    name_of,
    trading,
    updates,
)
from trading.session.broker_answers import Accepted
from trading.session.orders import Leg, Status


def test_an_entry_takes_its_stop_and_target_with_it_and_all_of_its_news_have_our_ids() -> None:
    with trading() as trader:
        answer = trader.exchange.submit(ENTRY)
        order = trader.broker.of(name_of(Leg.ENTRY))
        assert answer == Accepted(order["id"])
        sent = trader.broker.asked_for("POST", "/v2/orders")[0].body
        assert sent == {
            "symbol": "AAPL", "qty": "100", "side": "buy", "type": "market", "time_in_force": "day",
            "extended_hours": False, "client_order_id": name_of(Leg.ENTRY),
            "order_class": "bracket", "stop_loss": {"stop_price": "49.00"},
            "take_profit": {"limit_price": "52.00"},
        }  # fmt: skip
        held = updates(trader.news())
        assert {(one.client_order_id, one.status) for one in held} == {
            (name_of(Leg.ENTRY), Status.WORKING),
            (name_of(Leg.TARGET), Status.HELD),
            (name_of(Leg.STOP), Status.HELD),
        }
        trader.broker.fill(order, 100, 50.02)
        news = trader.news()
        assert [(fill.client_order_id, fill.quantity, fill.price) for fill in fills(news)] == [
            (name_of(Leg.ENTRY), 100, 50.02)
        ]
        assert {(one.client_order_id, one.status) for one in updates(news)} == {
            (name_of(Leg.ENTRY), Status.FILLED),
            (name_of(Leg.TARGET), Status.WORKING),
            (name_of(Leg.STOP), Status.WORKING),
        }
        assert trader.news() == []
