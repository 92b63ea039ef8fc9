"""What a page says of an entry is what was traded of it, and not what was asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from blocks.account.day.decisions import Decision
from blocks.account.day.entries import entries_of
from blocks.account.day.fills import SessionFill
from blocks.records.order import Order
from trading.session.orders import Leg, Status

OPEN = datetime(2025, 6, 10, 13, 30, tzinfo=UTC)
BAR = timedelta(minutes=5)


def decided(number: int, symbol: str = "AAA") -> Decision:
    return Decision(
        session=date(2025, 6, 10), bar=OPEN + number * BAR, symbol=symbol, reason="enter_short",
        is_entry=True, words="a short sale was ordered; 92 shares",
    )  # fmt: skip


def filled(at: datetime, quantity: int, price: str, leg: Leg = Leg.ENTRY) -> SessionFill:
    return SessionFill(
        time=at, symbol="AAA", leg=leg, quantity=quantity, price=Decimal(price),
        commission=Decimal(0), client_order_id="one",
    )  # fmt: skip


def order(status: Status) -> Order:
    return Order(
        client_order_id="one", session=date(2025, 6, 10), symbol="AAA", leg=Leg.ENTRY,
        quantity=-92, status=status,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fills", "status", "outcome"),
    [
        ([], Status.REJECTED, "nothing of it was filled"),
        ([], Status.WORKING, "nothing of it is filled yet"),
        ([(-20, "10"), (-8, "10.7")], Status.CANCELLED, "28 shares were filled at 10.2000"),
        ([(-1, "10")], Status.WORKING, "1 share was filled at 10.0000 so far"),
    ],
)
def test_an_entry_says_what_was_traded_of_it(
    fills: list[tuple[int, str]], status: Status, outcome: str
) -> None:
    told = [filled(OPEN + 2 * BAR, *each) for each in fills]
    (entry,) = entries_of([decided(1)], BAR, told, [order(status)])
    assert (entry.outcome, entry.time) == (outcome, OPEN + 2 * BAR)


def test_each_of_several_entries_of_a_symbol_has_its_own_fills() -> None:
    fills = [
        # A simulated fill bears its bar's start, at whose end the next entry was decided.
        filled(OPEN + 2 * BAR, -5, "10"),
        filled(OPEN + 2 * BAR, 5, "11", Leg.STOP),
        # A broker's clock may be some seconds behind.
        filled(OPEN + 3 * BAR - timedelta(seconds=9), -7, "12"),
    ]
    asked = [decided(3), decided(2, "BBB"), decided(2), decided(1)]
    said = [entry.outcome for entry in entries_of(asked, BAR, fills, [])]
    assert said == [
        "nothing of it was filled",
        "nothing of it was filled",
        "7 shares were filled at 12.0000",
        "5 shares were filled at 10.0000",
    ]
