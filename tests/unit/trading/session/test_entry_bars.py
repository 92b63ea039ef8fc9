"""What a stop follows of the bars around its entry, whose fill has any moment at a broker."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from trading.engine.settle import leave_by_signal
from trading.engine.workspace import LEAVES_LONG, new_signals, parts_of
from trading.market.calendar import sessions_between, to_microseconds
from trading.plan import make_plan
from trading.session.events import BarClosed, Fill, Intent, SessionStarted
from trading.session.orders import OrderType
from trading.session.state import SessionState

PLAN = make_plan(("AAA",), {"trailing": "dollars", "trail_dollars": 1.0})
(SESSION,) = sessions_between("NYSE", date(2024, 6, 3), date(2024, 6, 3))
ENTRY = "ob-entry-1"
BAR_SECONDS = 300.0
PLANNED_STOP = 90.0
# The bars' high is 110: a long's stop that follows it is at 109, a short's below the low of 80.
HIGH, LOW = 110.0, 80.0


class Held:
    """A session that is to enter one symbol by an order."""

    def __init__(self, order_type: OrderType, level: float | None, *, is_long: bool = True) -> None:
        self.state = SessionState(PLAN, SESSION)
        self.sign = 1 if is_long else -1
        opened, closed = to_microseconds(SESSION.open), to_microseconds(SESSION.close)
        first = SessionStarted(str(SESSION.date), opened, closed, self.state.inheritance())
        self.state.apply(first)
        entry = Intent("submit", ENTRY, "AAA", "entry", self.sign * 10, 1)
        stop = PLANNED_STOP if is_long else 105.0
        entry = replace(entry, order_type=order_type, level=level, stop_price=stop)
        # As one of this account whose decision another process made.
        self.state.apply(replace(entry, reference_price=100.0, is_adopted=True))

    def fill(self, bar: int, after_s: float) -> None:
        """Fill the entry so many seconds after a bar's START."""
        us = to_microseconds(SESSION.bar_start(bar, 5)) + round(after_s * 1e6)
        self.state.apply(Fill("e1", ENTRY, "AAA", "entry", self.sign * 10, 100.0, 0.0, us))

    def close(self, bar: int, opened: float) -> float:
        """Close a bar and return where the stop is then."""
        us = to_microseconds(SESSION.bar_start(bar, 5))
        columns = ([opened], [HIGH], [LOW], [100.0], [1000.0], [""])
        self.state.apply(BarClosed(str(SESSION.date), bar, us, *columns))
        return float(self.state.book.stop[0])


RESTING = [(OrderType.STOP, 95.0), (OrderType.LIMIT, 105.0)]


@pytest.mark.parametrize("after_s", [0.0, 0.4, 170.0, BAR_SECONDS - 1e-6])
@pytest.mark.parametrize(("order_type", "opened"), RESTING)
def test_a_stop_does_not_follow_what_its_bar_did_before_the_entry(
    order_type: OrderType, opened: float, after_s: float
) -> None:
    """A bar that did not open at the level filled it later, whatever the fill's time."""
    held = Held(order_type, 100.0)
    held.fill(2, after_s)

    assert held.close(2, opened) == PLANNED_STOP
    assert held.close(3, opened) == HIGH - 1.0


def test_a_short_that_filled_inside_its_bar_follows_none_of_it() -> None:
    held = Held(OrderType.STOP, 100.0, is_long=False)
    held.fill(2, 170.0)

    assert held.close(2, 104.0) == 105.0
    assert held.close(3, 104.0) == LOW + 1.0


@pytest.mark.parametrize("after_s", [0.0, 0.4, 20.0])
@pytest.mark.parametrize(
    ("order_type", "level", "opened"),
    [
        (OrderType.MARKET, None, 95.0),
        (OrderType.STOP, 100.0, 101.0),
        (OrderType.LIMIT, 100.0, 99.0),
    ],
)
def test_a_stop_follows_the_whole_bar_at_whose_open_it_was_entered(
    order_type: OrderType, level: float | None, opened: float, after_s: float
) -> None:
    held = Held(order_type, level)
    held.fill(2, after_s)

    assert held.close(2, opened) == HIGH - 1.0


@pytest.mark.parametrize("after_s", [0.0, 3.0, 170.0])
@pytest.mark.parametrize("order_type", [OrderType.MARKET, OrderType.STOP, OrderType.LIMIT])
def test_a_bar_that_ended_before_the_entry_moves_no_stop(
    order_type: OrderType, after_s: float
) -> None:
    """Fills are heard of at once, and a bar is closed when it has settled, or after a restart."""
    held = Held(order_type, None if order_type == OrderType.MARKET else 100.0)
    held.fill(3, after_s)

    assert held.close(1, 100.0) == PLANNED_STOP
    assert held.close(2, 100.0) == PLANNED_STOP
    assert held.close(3, 100.0) == HIGH - 1.0


def test_a_strategy_leaves_no_position_by_a_bar_that_ended_before_its_entry() -> None:
    held = Held(OrderType.STOP, 100.0)
    book, end_us = held.state.book, to_microseconds(SESSION.bar_end(2, 5))
    signals = new_signals(1, 1, parts_of(held.state.rules._replace(has_leave=True)))
    signals.leaves[:] = LEAVES_LONG
    held.fill(3, 0.0)

    leave_by_signal(book, signals, 0, np.array([100.0]), end_us)
    assert not book.exit_waiting[0]
    leave_by_signal(book, signals, 0, np.array([100.0]), end_us + 1)
    assert book.exit_waiting[0]
