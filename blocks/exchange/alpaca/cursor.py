"""How far the account's news were told, as the opaque text that the ledger keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation


@dataclass(frozen=True, slots=True)
class Cursor:
    """Orders and executions since a moment are told; a restart tells them again.

    What was told once is left out by the ids of its executions. `early` are by order the shares
    that were told before the list of executions had them, under an id that may be of several.
    """

    since: datetime
    early: dict[str, Decimal] = field(default_factory=dict)

    def text(self) -> str:
        """Return the cursor as text."""
        content = {"since": self.since.isoformat()}
        early = {order_id: str(shares) for order_id, shares in self.early.items()}
        return json.dumps(content | ({"early": early} if early else {}), separators=(",", ":"))


def cursor_in(text: str) -> Cursor | None:
    """Return the cursor that a text holds, None where it holds none."""
    try:
        content = json.loads(text)
        since = datetime.fromisoformat(content["since"]).astimezone(UTC)
        early = {str(name): Decimal(said) for name, said in content.get("early", {}).items()}
        return Cursor(since, early)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation):
        return None
