"""What was traded, one execution at a time, and how much of each order was told already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from blocks.exchange.alpaca.account_facts import whole
from blocks.exchange.alpaca.line.replies import Json
from blocks.exchange.alpaca.orders.their_order import TheirOrder, microseconds, unreadable

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING = Decimal(0)

# From how many of an order's shares to how many, by order.
Spans = dict[str, list[tuple[Decimal, Decimal]]]


class Execution(BaseModel):
    """A FILL of the account; `qty` is not signed, `cum_qty` is what the order has then."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    transaction_time: datetime
    cum_qty: Decimal

    @property
    def exec_id(self) -> str:
        """Return the id of the execution that brought its order to so many shares."""
        return exec_id_of(self.order_id, self.cum_qty)

    @property
    def quantity(self) -> int:
        """Return the signed quantity; a part of a share counts as one."""
        return whole(self.qty) * (1 if self.side.startswith("buy") else -1)

    @property
    def us(self) -> int:
        """Return when it was traded, microseconds since 1970 UTC."""
        return microseconds(self.transaction_time)


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    activity_type: str | None = "FILL"
    cum_qty: Decimal | None = None


def exec_id_of(order_id: str, cum_qty: Decimal) -> str:
    """Return the id of the execution that brought an order to so many shares."""
    return f"{order_id}:{cum_qty.normalize():f}"


class Page(NamedTuple):
    """Executions, how many there were of whatever kind, and the id that the next page begins after.

    `is_complete` is False where one does not say how many shares its order has by it.
    """

    executions: list[Execution]
    size: int = 0
    last: str = ""
    is_complete: bool = True


def executions_in(document: Json) -> Page:
    """Return the executions in a page. Raises ExchangeUnavailable for something else."""
    if document is None:
        return Page([], is_complete=False)
    if not isinstance(document, list):
        raise unreadable("a list of fills")
    try:
        listed = [_Listed.model_validate(item) for item in document]
        fills = [
            item
            for item, said in zip(document, listed, strict=True)
            if said.activity_type in (None, "FILL")
        ]
        if any(said.cum_qty is None for said in listed if said.activity_type in (None, "FILL")):
            return Page([], is_complete=False)
        found = [Execution.model_validate(item) for item in fills]
    except ValidationError as error:
        raise unreadable("a fill", error) from None
    return Page(found, len(listed), listed[-1].id if listed else "")


class Told:
    """By order, from how many to how many of its shares executions were told.

    An order may say that it was filled before the list of executions does. Then what lacks is
    made up from the order itself (`made_up`), and an execution that comes late finds itself told.
    """

    def __init__(self, spans: Spans | None = None) -> None:
        self.spans: Spans = {order_id: list(told) for order_id, told in (spans or {}).items()}
        self._paid: dict[str, Decimal] = {}

    def is_new(self, execution: Execution) -> bool:
        """Take note of an execution, and return whether it was not told yet."""
        end, begin = execution.cum_qty, execution.cum_qty - execution.qty
        told = self.spans.get(execution.order_id, [])
        if any(low <= begin and end <= high for low, high in told):
            return False
        self._paid[execution.order_id] = (
            self._paid.get(execution.order_id, NOTHING) + execution.qty * execution.price
        )
        self.spans[execution.order_id] = _joined([*told, (begin, end)])
        return True

    def is_lacking(self, order: TheirOrder) -> bool:
        """Return whether something of an order was traded and not told."""
        return next(self._gaps(order), None) is not None

    def made_up(self, order: TheirOrder) -> list[Execution]:
        """Return what an order lacks as executions, and take note that they were told."""
        gaps = list(self._gaps(order))
        shares = sum((end - begin for begin, end in gaps), start=NOTHING)
        average = order.filled_avg_price or order.limit_price or order.stop_price or NOTHING
        price = average
        is_paid_known = order.id in self._paid or order.id not in self.spans
        rest = average * order.filled - self._paid.get(order.id, NOTHING)
        if is_paid_known and rest > 0:
            price = rest / shares
        found = [
            Execution(
                order_id=order.id,
                symbol=order.symbol,
                side=order.side or "",
                qty=end - begin,
                price=price,
                transaction_time=order.updated_at or order.submitted_at or NO_TIME,
                cum_qty=end,
            )
            for begin, end in gaps
        ]
        return [execution for execution in found if self.is_new(execution)]

    def _gaps(self, order: TheirOrder) -> Iterator[tuple[Decimal, Decimal]]:
        reached = NOTHING
        for begin, end in self.spans.get(order.id, []):
            if reached < min(begin, order.filled):
                yield reached, min(begin, order.filled)
            reached = max(reached, end)
        if reached < order.filled:
            yield reached, order.filled


def _joined(spans: list[tuple[Decimal, Decimal]]) -> list[tuple[Decimal, Decimal]]:
    found: list[tuple[Decimal, Decimal]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
