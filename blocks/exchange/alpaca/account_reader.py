"""Reads orders and executions of an account, page after page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from blocks.exchange.alpaca.executions import Execution, executions_in
from blocks.exchange.alpaca.line.replies import Json
from blocks.exchange.alpaca.line.requester import Requester
from blocks.exchange.alpaca.orders.their_order import TheirOrder, order_in, orders_in
from trading.session.broker.answers import ExchangeUnavailable

ORDERS_A_PAGE = 500
FILLS_A_PAGE = 100
# Pages without an end are a mistake of theirs.
MOST_PAGES = 200


class AccountReader:
    """Asks what orders and executions there are. Raises ExchangeUnavailable where none says.

    `lists_fills` is False where the broker, not Alpaca itself, has no list of executions.
    """

    def __init__(self, requester: Requester) -> None:
        self._requester = requester
        self.lists_fills = True

    def orders_since(self, since: datetime) -> list[TheirOrder]:
        """Return all orders that were sent after a moment, ended ones too, with their legs."""
        found = self._orders({"status": "all", "after": _text(since)}, since)
        return [o for o in found if o.submitted_at is None or o.submitted_at >= since]

    def open_orders(self) -> list[TheirOrder]:
        """Return the orders that Alpaca calls open, of whatever day, with their legs."""
        return self._orders({"status": "open"}, None)

    def order(self, their_id: str) -> TheirOrder | None:
        """Return an order with its legs, None where there is none."""
        document = self._requester.read(f"/orders/{their_id}", {"nested": "true"})
        return None if document is None else order_in(document)

    def order_by_client_id(self, client_order_id: str) -> TheirOrder | None:
        """Return an order with its legs by the client order id that it was sent with."""
        query: dict[str, Json] = {"client_order_id": client_order_id, "nested": "true"}
        document = self._requester.read("/orders:by_client_order_id", query)
        return None if document is None else order_in(document)

    def fills(self, since: datetime) -> list[Execution]:
        """Return the executions after a moment, oldest first, not in order within one moment."""
        found: list[Execution] = []
        query: dict[str, Json] = {
            "after": _text(since),
            "direction": "asc",
            "page_size": FILLS_A_PAGE,
        }
        for _ in range(MOST_PAGES):
            path = "/account/activities/FILL"
            document = self._requester.read(path, query, may_lack=True)
            page = executions_in(document)
            self.lists_fills = page.is_complete
            found += page.executions
            if page.size < FILLS_A_PAGE:
                return found
            if query.get("page_token") == page.last:
                break
            query["page_token"] = page.last
        raise _endless("fills")

    def _orders(self, query: dict[str, Json], since: datetime | None) -> list[TheirOrder]:
        found: dict[str, TheirOrder] = {}
        query |= {"limit": ORDERS_A_PAGE, "direction": "asc", "nested": "true"}
        for _ in range(MOST_PAGES):
            page = orders_in(self._requester.read("/orders", query))
            before = len(found)
            found |= {order.id: order for order in page}
            newest = max((o.submitted_at for o in page if o.submitted_at), default=since)
            if len(page) < ORDERS_A_PAGE or newest is None:
                return list(found.values())
            if len(found) == before:
                break
            # Orders of the same moment would be lost without it.
            query["after"] = _text(newest - timedelta(microseconds=1))
        raise _endless("orders")


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _endless(what: str) -> ExchangeUnavailable:
    return ExchangeUnavailable(
        f"alpaca's pages of {what} go in a circle", "It is asked again; see status.alpaca.markets"
    )
