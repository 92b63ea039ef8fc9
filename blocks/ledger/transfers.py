"""Money that came to an account or left it between sessions, and equity without it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.rows import MICRO, Projection
from trading.market.calendar import to_microseconds
from trading.session.events import Transfer

# Of `session`, `ts` and `equity`, as if no money had ever come or left.
EARNED_EQUITY = (
    "SELECT session, ts, equity - coalesce((SELECT sum(amount) FROM transfers"
    " WHERE transfers.session < equity.session), 0) AS equity FROM equity"
)


def add_transfer(
    ledger: DuckDBLedger, epoch: int, session: str, amount: Decimal, note: str, now: datetime
) -> None:
    """Write a transfer after a closed session to journal and table, both or none."""
    event, written = transfer_of(ledger, session, amount, note, now)
    ledger.commit([event], epoch=epoch, session=session, projection=written)


def transfer_of(
    ledger: DuckDBLedger, session: str, amount: Decimal, note: str, now: datetime
) -> tuple[Transfer, Projection]:
    """Return a transfer after a session as the journal and as the table have it."""
    known = ledger.query("SELECT coalesce(max(number), 0) AS number FROM transfers")
    row = (int(known[0]["number"]) + 1, now, session, amount.quantize(MICRO), note)
    event = Transfer(str(amount), note, to_microseconds(now))
    return event, Projection(session, transfers=[row])
