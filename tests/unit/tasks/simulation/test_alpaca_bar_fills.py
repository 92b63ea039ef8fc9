"""The broker's model fills by bars as the simulated venue does, where its own rules allow it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from tasks.simulation.alpaca_model.fill_models import MarketBar
from tests.unit.tasks.simulation.alpaca_account import OPEN, Day, bracket
from trading.market.calendar import to_microseconds
from trading.parameters import FillParameters, RiskParameters, make_rules
from trading.session.events import BarClosed, Fill, Intent
from trading.session.venue.simulated_venue import SimulatedVenue
from trading.strategies.orb import OrbParameters

SLIPPING = {"slippage_bps": 7, "volatility_factor": 0.1, "impact_factor": 0.2}


def venue() -> SimulatedVenue:
    rules = make_rules(OrbParameters(), RiskParameters(), FillParameters(**SLIPPING), 5)
    return SimulatedVenue(rules, ("AAA",), 1_000_000.0)


def walk(seed: int, bars: int = 30) -> list[MarketBar]:
    random, price, found = np.random.default_rng(seed), 100.0, []
    for _ in range(bars):
        opened = round(price + random.normal(0, 0.3), 2)
        steps = opened + np.cumsum(random.normal(0, 0.4, 6))
        prices = [round(float(each), 2) for each in (max(opened, *steps), min(opened, *steps))]
        price = float(steps[-1])
        found.append(MarketBar(opened, *prices, round(price, 2), float(random.integers(5e4, 1e6))))
    return found


def observe(here: SimulatedVenue, number: int, bar: MarketBar) -> list[Fill]:
    us = to_microseconds(OPEN + timedelta(minutes=5 * number))
    columns = ([value] for value in bar)
    closed = BarClosed("2025-06-10", number, us, *columns, [""])
    return [event for event in here.observe(closed) if isinstance(event, Fill)]


def fills_of(day: Day) -> list[tuple[str, int, float]]:
    found = []
    for update in day.model.updates():
        said = update["data"]
        if said["event"] in ("fill", "partial_fill"):
            sign = 1 if said["order"]["side"] == "buy" else -1
            found.append((sign * int(said["qty"]), float(said["price"])))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_an_entry_and_its_protection_fill_as_in_the_simulated_venue(seed: int) -> None:
    """Market and stop entries, long and short, with a stop and a target in cents."""
    random, bars = np.random.default_rng(seed + 1000), walk(seed)
    side = 1 if random.random() < 0.5 else -1
    is_stop = bool(random.random() < 0.5)
    here, day = venue(), Day(filled=SLIPPING)
    before = bars[0]
    observe(here, 0, before)
    day.bar(*before[:4], volume=before.volume)
    level = round(before.close + side * 0.3, 2) if is_stop else None
    base = level or before.close
    stop, target = round(base - side * 0.8, 2), round(base + side * 1.1, 2)
    kind: dict[str, Any] = {"order_type": "stop", "level": level} if is_stop else {}
    entry = Intent(
        "submit", "e", "AAA", "entry", side * 300, 1, reference_price=base, stop_price=stop,
        target_offset=1.1, stop_id="s", target_id="t", **kind,
    )  # fmt: skip
    here.submit(entry)
    asked = {"type": "stop", "stop_price": str(level)} if is_stop else {}
    name = "buy" if side > 0 else "sell"
    order = day.order(name, 300, **bracket(target, stop), **asked)
    expected: list[Fill] = []
    for number, bar in enumerate(bars[1:], 1):
        day.model.open_bar("AAA", bar, day.now)
        expected += observe(here, number, bar)
        move_target(day, order, here)
        day.model.close_bar("AAA", bar, day.now)
        move_target(day, order, here)
    assert fills_of(day) == [(fill.quantity, fill.price) for fill in expected]


def move_target(day: Day, entry: Any, here: SimulatedVenue) -> None:
    """Do what a desk does: the target counts from the fill, and the fill is known now."""
    target = next((o for o in here.state.orders.values() if o.client_order_id == "t"), None)
    leg = day.get(f"orders/{entry['id']}")["legs"][0]
    if target is None or leg["status"] != "new" or target.price is None:
        return
    if not math.isclose(float(leg["limit_price"]), target.price):
        answer = day.ask("PATCH", f"orders/{leg['id']}", {"limit_price": str(target.price)})
        assert answer.status == 200, answer


def test_a_bar_fills_no_more_than_its_volume_allows_and_the_rest_works_on() -> None:
    day = Day()
    day.bar(100, 101, 99, 100)
    entry = day.order("buy", 100, **bracket(120, 80))
    day.bar(100, 101, 99, 100, volume=600)
    assert day.state(entry) == "partially_filled"
    assert day.held() == {"AAA": "60"}
    day.bar(100, 101, 99, 100, volume=600)
    assert day.state(entry) == "filled"


def test_a_stop_that_is_reached_in_a_thin_bar_goes_on_as_a_market_order() -> None:
    day = Day()
    day.bar(100, 101, 99, 100)
    profit, loss = day.order("buy", 100, **bracket(120, 98))["legs"]
    day.bar(100, 101, 99, 100)
    day.bar(99, 99, 97, 97, volume=300)
    assert (day.state(profit), day.state(loss)) == ("canceled", "partially_filled")
    day.bar(99, 99, 99, 99)
    assert day.held() == {}


def test_what_a_client_does_after_the_open_counts_for_the_rest_of_the_bar() -> None:
    day = Day()
    day.bar(100, 101, 99, 100)
    entry = day.order("buy", 100, **bracket(120, 80))
    thin = MarketBar(100, 101, 97, 98, 600)
    day.model.open_bar("AAA", thin, day.now)
    day.ask("DELETE", f"orders/{entry['id']}")
    stop = day.order("sell", 60, type="stop", stop_price="98.5")
    day.model.close_bar("AAA", thin, day.now)
    assert day.state(stop) == "filled"
