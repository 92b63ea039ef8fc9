"""How far the account's news were told, as the opaque text that the ledger keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from blocks.exchange.alpaca.executions import Spans


@dataclass(frozen=True, slots=True)
class Cursor:
    """Since when orders are told of, and how much of each of them was told to be traded.

    A time or an id would not do: executions of one moment have no order, and one may be listed
    later than its successor.
    """

    since: datetime
    told: Spans = field(default_factory=dict)

    def text(self) -> str:
        """Return the cursor as text."""
        told = {
            order_id: [[f"{begin:f}", f"{end:f}"] for begin, end in spans]
            for order_id, spans in self.told.items()
        }
        content = {"since": self.since.isoformat(), "told": told}
        return json.dumps(content, separators=(",", ":"))


def cursor_in(text: str) -> Cursor | None:
    """Return the cursor that a text holds, None where it holds none."""
    try:
        content = json.loads(text)
        since = datetime.fromisoformat(content["since"]).astimezone(UTC)
        told = {
            str(order_id): [(Decimal(begin), Decimal(end)) for begin, end in spans]
            for order_id, spans in content["told"].items()
        }
        return Cursor(since, told)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation):
        return None
