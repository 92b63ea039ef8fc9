"""At the simulated venue nothing but what is held can be left, whatever has not been heard."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.blocks.exchange.test_order_desk import bar, plan
from trading.session.events import BarClosed, Intent
from trading.session.orders import Leg, Status
from trading.session.venue.simulated_venue import SimulatedVenue

# Of a bar's volume so much may be traded.
SHARE = 0.01
ENTRY = Intent(
    "submit", "ob-20250610-AAA-entry-1-a", "AAA", Leg.ENTRY, 3, 1,
    reference_price=11.0, stop_price=10.5, stop_id="ob-20250610-AAA-stop-1-b",
)  # fmt: skip
EXIT = Intent("submit", "ob-20250610-AAA-exit-1-c", "AAA", Leg.EXIT, -1, 1, reason="flatten")
CALM = (11.0, 11.1, 10.9, 11.0)
FALLING = (10.4, 10.4, 10.2, 10.3)


def with_volume(closed: BarClosed, shares: float) -> BarClosed:
    return replace(closed, volume=[shares, shares])


def test_an_exit_takes_over_what_a_stop_that_has_fired_has_not_sold_yet() -> None:
    rules = plan(max_participation=SHARE).rules()
    venue = SimulatedVenue(rules, ("AAA", "BBB"), 10_000.0)
    venue.observe(bar(0, CALM, CALM))
    venue.submit(ENTRY)
    venue.observe(bar(1, CALM, CALM))
    venue.observe(with_volume(bar(2, FALLING, CALM), 2 / SHARE))
    stop = venue.state.orders["ob-20250610-AAA-stop-1-b"]
    assert (stop.status, stop.filled) == (Status.TRIGGERED, 2)
    # Somebody who has not heard of it asks for the rest to be left.
    venue.submit(EXIT)
    live = [order for order in venue.state.orders.values() if order.is_live]
    assert [(order.leg, order.remaining) for order in live] == [(Leg.EXIT, 1)]
    venue.observe(bar(3, CALM, CALM))
    assert not any(order.is_live for order in venue.state.orders.values())
    assert venue.state.book.quantity[0] == 0
