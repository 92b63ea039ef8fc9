"""A position that outlives its session is taken over whole by the next one."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest

from trading.engine.book import PEAK
from trading.market.calendar import Session, sessions_between, to_microseconds
from trading.plan import make_plan
from trading.session.events import BarClosed, Fill, SessionStarted, Transfer
from trading.session.state import SessionState

PLAN = make_plan(("AAA", "BBB", "CCC"), {})
MONDAY, TUESDAY = sessions_between("NYSE", date(2024, 6, 3), date(2024, 6, 4))


def started(session: Session, inheritance: dict[str, Any]) -> SessionState:
    state = SessionState(PLAN, session)
    opened, closed = to_microseconds(session.open), to_microseconds(session.close)
    state.apply(SessionStarted(str(session.date), opened, closed, inheritance))
    return state


def close_bar(state: SessionState, bar: int, price: float) -> None:
    us = to_microseconds(state.session.bar_start(bar, 5))
    prices = [price] * 3
    volume, nothing = [1000.0] * 3, [""] * 3
    name = str(state.session.date)
    state.apply(BarClosed(name, bar, us, prices, prices, prices, prices, volume, nothing))


def fill(state: SessionState, number: str, leg: str, quantity: int, price: float) -> None:
    us = to_microseconds(state.session.bar_start(1, 5))
    state.apply(Fill(f"e{number}", f"o{number}", "CCC", leg, quantity, price, 0.0, us))


@pytest.mark.parametrize("written_by", ["this version", "one that kept no list"])
def test_the_last_symbols_position_is_marked_counted_and_left_the_next_day(written_by: str) -> None:
    monday = started(MONDAY, SessionState(PLAN, MONDAY).inheritance())
    close_bar(monday, 0, 100.0)
    monday.book.pending_stop[2] = 95.0
    fill(monday, "1", "entry", 50, 100.0)
    close_bar(monday, 1, 101.0)
    assert monday.equity() == 10_050.0
    left = orjson.loads(orjson.dumps(monday.inheritance()))
    if written_by == "one that kept no list":
        left["book"].pop("held", None)

    tuesday = started(TUESDAY, left)

    assert tuesday.equity() == 10_050.0
    close_bar(tuesday, 0, 102.0)
    assert (tuesday.equity(), tuesday.is_latched) == (10_100.0, False)
    fill(tuesday, "2", "exit", -50, 102.0)
    assert (tuesday.equity(), tuesday.cash()) == (10_100.0, 10_100.0)
    close_bar(tuesday, 1, 200.0)
    assert tuesday.equity() == 10_100.0


@pytest.mark.parametrize(("amount", "peak"), [("-4000", 6_050.0), ("500", 10_550.0)])
def test_money_that_is_moved_is_no_fall_from_the_highest_equity(amount: str, peak: float) -> None:
    monday = started(MONDAY, SessionState(PLAN, MONDAY).inheritance())
    close_bar(monday, 0, 100.0)
    monday.book.pending_stop[2] = 95.0
    fill(monday, "1", "entry", 50, 100.0)
    close_bar(monday, 1, 101.0)
    monday.apply(Transfer(amount, "", 1))
    tuesday = started(TUESDAY, orjson.loads(orjson.dumps(monday.inheritance())))
    assert (tuesday.book.money[PEAK], tuesday.equity()) == (peak, peak)


def test_what_a_version_without_a_peak_left_counts_from_the_capital_or_the_equity_of_now() -> None:
    for cash, peak in ((9_000.0, 10_000.0), (12_000.0, 12_000.0)):
        left = SessionState(PLAN, MONDAY).inheritance()
        left["book"]["money"] = [cash, cash]
        left["book"]["flags"] = left["book"]["flags"][:5]
        assert started(TUESDAY, left).book.money[PEAK] == peak
