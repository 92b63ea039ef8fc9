"""What was traded, one execution at a time, and how much of each order was told already."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, ValidationError

from blocks.exchange.alpaca.account_facts import whole
from blocks.exchange.alpaca.replies import Json
from blocks.exchange.alpaca.their_order import TheirOrder, microseconds, unreadable

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Execution(BaseModel):
    """A FILL of the account; `qty` is not signed, `cum_qty` is what the order has then."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    transaction_time: datetime
    cum_qty: Decimal | None = None

    @property
    def exec_id(self) -> str:
        """Return the id of the execution, the same by whichever way Alpaca tells of it."""
        return self.id if self.cum_qty is None else exec_id(self.order_id, self.cum_qty)

    @property
    def quantity(self) -> int:
        """Return the signed quantity; a part of a share counts as one."""
        return whole(self.qty) * (1 if self.side.startswith("buy") else -1)

    @property
    def us(self) -> int:
        """Return when it was traded, microseconds since 1970 UTC."""
        return microseconds(self.transaction_time)


def exec_id(order_id: str, cum_qty: Decimal) -> str:
    """Return the id of the execution that brought an order to so many shares."""
    return f"{order_id}:{cum_qty.normalize():f}"


def executions_in(document: Json) -> list[Execution]:
    """Return the executions in an answer. Raises ExchangeUnavailable for something else."""
    if document is None:
        return []
    if not isinstance(document, list):
        raise unreadable("a list of fills")
    try:
        return [Execution.model_validate(item) for item in document]
    except ValidationError as error:
        raise unreadable("a fill", error) from None


class Told:
    """By order, the shares whose executions were told; what was told early is told no second time.

    An order may say that it was filled before the list of executions does. Then the difference is
    made up from the order itself (`made_up`), and the execution that comes late is left out.
    """

    def __init__(self, early: dict[str, Decimal] | None = None) -> None:
        self._shares: dict[str, Decimal] = dict(early or {})
        self._paid: dict[str, Decimal] = {}
        self._ids: set[str] = set()
        self.early: dict[str, Decimal] = dict(early or {})

    def is_new(self, execution: Execution) -> bool:
        """Take note of an execution, and return whether it was not told yet."""
        if execution.id in self._ids:
            return False
        self._ids.add(execution.id)
        owed = self.early.get(execution.order_id, Decimal(0))
        if owed >= execution.qty:
            self._owe(execution.order_id, owed - execution.qty)
            return False
        self._add(execution.order_id, execution.qty, execution.price)
        return True

    def lacking(self, order: TheirOrder) -> Decimal:
        """Return the shares of an order that were traded and not told."""
        return max(order.filled - self._shares.get(order.id, Decimal(0)), Decimal(0))

    def made_up(self, order: TheirOrder) -> Execution:
        """Return what an order lacks as one execution, and take note that it was told."""
        shares = self.lacking(order)
        average = order.filled_avg_price or order.limit_price or order.stop_price or Decimal(0)
        paid = average * order.filled - self._paid.get(order.id, Decimal(0))
        known = order.id in self._paid or order.id not in self._shares
        price = paid / shares if known and paid > 0 else average
        self._add(order.id, shares, price)
        self._owe(order.id, self.early.get(order.id, Decimal(0)) + shares)
        return Execution(
            id=exec_id(order.id, order.filled),
            order_id=order.id,
            symbol=order.symbol,
            side=order.side or "",
            qty=shares,
            price=price,
            transaction_time=order.updated_at or order.submitted_at or NO_TIME,
            cum_qty=order.filled,
        )

    def _add(self, order_id: str, shares: Decimal, price: Decimal) -> None:
        self._shares[order_id] = self._shares.get(order_id, Decimal(0)) + shares
        self._paid[order_id] = self._paid.get(order_id, Decimal(0)) + shares * price

    def _owe(self, order_id: str, shares: Decimal) -> None:
        if shares > 0:
            self.early[order_id] = shares
        else:
            self.early.pop(order_id, None)
