"""A row of the journal that this version cannot read is no end of the session."""

from __future__ import annotations

import pytest

from blocks.ledger.event_rows import event_from_row
from trading.session.events import EVERY_SYMBOL, Discrepancy, Fill

FILL = '"exec_id":"a","client_order_id":"b","symbol":"AAA","leg":"exit","quantity":1'


@pytest.mark.parametrize(
    ("kind", "payload", "symbol"),
    [
        ("transfer", '{"usd": 5}', EVERY_SYMBOL),
        ("split", '{"symbol": "AAA", "ratio": 2}', "AAA"),
        ("fill", "{" + FILL + "}", "AAA"),
        ("fill", "{" + FILL + ',"price":1.0,"commission":0.0,"us":1,"venue":"X"}', "AAA"),
        ("order_update", '{"symbol": "AAA", "status": "asleep"}', "AAA"),
        ("order_update", '{"symbol": 7}', EVERY_SYMBOL),
        ("bar", "[1, 2]", EVERY_SYMBOL),
        ("bar", "{", EVERY_SYMBOL),
    ],
)
def test_what_cannot_be_read_blocks_whom_it_names(kind: str, payload: str, symbol: str) -> None:
    event = event_from_row(kind, payload)
    assert isinstance(event, Discrepancy)
    assert event.symbol == symbol
    assert repr(kind) in event.reason


def test_what_can_be_read_is_read() -> None:
    row = event_from_row("fill", "{" + FILL + ',"price":1.0,"commission":0.0,"us":1}')
    assert row == Fill("a", "b", "AAA", "exit", 1, 1.0, 0.0, 1)
