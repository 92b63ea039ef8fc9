"""What the order desk needs of a ledger: a journal to commit to, and what it has booked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from blocks.ledger.rows import Projection
from trading.session.broker.exchange_port import StreamPosition
from trading.session.events import Event


class Books(Protocol):
    """An account's ledger, or one in memory for a session that is only thought through."""

    def commit(
        self,
        events: Sequence[Event],
        *,
        epoch: int,
        session: str = "",
        cursor: StreamPosition | None = None,
        projection: Projection | None = None,
    ) -> None:
        """Append events, the exchange's cursor and the projections, all or none."""
        ...

    def cursor(self) -> StreamPosition:
        """Return how far the exchange's stream was journalled."""
        ...

    def executions(self) -> frozenset[str]:
        """Return the execution ids of all fills that were ever journalled."""
        ...
