"""The trading API as one object: requests and prices in, answers and updates out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from tasks.simulation.alpaca_model.acceptance import (
    AccountFlags,
    refuse_more,
    refuse_order,
    refuse_reached_stop,
)
from tasks.simulation.alpaca_model.answers import (
    ApiAnswer,
    ApiRefusal,
    Json,
    invalid,
    not_found,
    unprocessable,
)
from tasks.simulation.alpaca_model.assets import Asset, asset_json
from tasks.simulation.alpaca_model.fill_models import BarFills, FillModel, MarketBar
from tasks.simulation.alpaca_model.holdings import Holdings
from tasks.simulation.alpaca_model.market_hours import MarketHours
from tasks.simulation.alpaca_model.order_book import OrderBook
from tasks.simulation.alpaca_model.order_changes import Replacement
from tasks.simulation.alpaca_model.order_requests import (
    price,
    read_request,
    refuse_fraction_of_cent,
)
from tasks.simulation.alpaca_model.queries import (
    account_json,
    activities_json,
    orders_json,
    position_json,
)
from tasks.simulation.alpaca_model.their_orders import (
    OrderClass,
    TheirOrder,
    TheirStatus,
    order_json,
)
from trading.market.calendar import Session
from trading.rules import Rules

REPLACEABLE = (TheirStatus.NEW, TheirStatus.PARTIALLY_FILLED, TheirStatus.HELD)
NOT_CANCELABLE = (TheirStatus.PENDING_CANCEL, TheirStatus.PENDING_REPLACE)


class AlpacaModel:
    """One account at the broker. The same calls give the same answers, ids included.

    `rules` are the engine's, for the fills; `sessions` are the days that the market is open on,
    in their order. `is_prompt=False` leaves orders, cancels and replacements pending until
    `settle`. Moments are aware UTC and never go back.
    """

    def __init__(
        self,
        rules: Rules,
        symbols: Iterable[str | Asset],
        sessions: Sequence[Session],
        cash: Decimal | float,
        *,
        fills: FillModel | None = None,
        is_prompt: bool = True,
        name: str = "double",
    ) -> None:
        self.assets = {
            asset.symbol: asset
            for asset in (Asset(s) if isinstance(s, str) else s for s in symbols)
        }
        self.hours = MarketHours(sessions)
        self.flags = AccountFlags()
        self.fills: FillModel = fills or BarFills(rules)
        self.holdings = Holdings(Decimal(str(cash)))
        self.book = OrderBook(name, self.holdings, is_prompt=is_prompt)
        self._account_id = self.book.new_id()
        self._asset_ids = {symbol: self.book.new_id() for symbol in self.assets}
        self._last_equity = self.holdings.cash
        self._session: Session | None = None

    # What the market does.

    def advance(self, now: datetime) -> None:
        """Let time pass: a session begins, orders of a day that is over expire."""
        for session in self.hours.sessions:
            is_later = self._session is None or session.date > self._session.date
            if is_later and session.open <= now:
                self.book.expire(session.open)
                self._session = session
                self._last_equity = self.holdings.equity
                self.fills.begin_session()
                self.book.begin_day(session.open)
        self.book.expire(now)

    def take_price(self, symbol: str, last: float, now: datetime) -> None:
        """Let a symbol trade at a price, USD."""
        self.advance(now)
        self.holdings.prices[symbol] = Decimal(str(last))
        if self.hours.is_open(now):
            self.fills.take_price(self.book, symbol, now)

    def open_bar(self, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Let a symbol trade at the open of a bar."""
        self.advance(now)
        self.holdings.prices[symbol] = Decimal(str(bar.open))
        self.fills.open_bar(self.book, symbol, bar, now)

    def close_bar(self, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Let a symbol trade through the rest of a bar, to its close."""
        self.advance(now)
        self.fills.close_bar(self.book, symbol, bar, now)
        self.holdings.prices[symbol] = Decimal(str(bar.close))

    def take_bar(self, symbol: str, bar: MarketBar, now: datetime) -> None:
        """Let a symbol trade through a whole bar at one moment."""
        self.open_bar(symbol, bar, now)
        self.close_bar(symbol, bar, now)

    def settle(self, now: datetime) -> None:
        """Carry out the requests that are pending."""
        self.advance(now)
        self.book.settle(now)

    # What others do with the account, and what the broker does.

    def change_asset(self, asset: Asset) -> None:
        """Change what the broker says of a symbol, as by a halt."""
        self.assets[asset.symbol] = asset

    def trade_by_hand(self, symbol: str, qty: int, last: float, now: datetime) -> None:
        """Buy or sell without an order of the API's, as a person or a margin call does."""
        self.advance(now)
        self.holdings.trade(symbol, Decimal(qty), Decimal(str(last)))

    def split(self, symbol: str, shares: int) -> None:
        """Make so many shares of each that is held, between two sessions."""
        position = self.holdings.positions.get(symbol)
        if position is not None:
            position.qty *= shares
            position.entry_price /= shares
        if symbol in self.holdings.prices:
            self.holdings.prices[symbol] /= shares

    # What a client asks.

    def updates(self, since: int = 0) -> list[Json]:
        """Return the messages of the stream after so many of them."""
        return self.book.updates[since:]

    def respond(
        self, method: str, path: str, query: Mapping[str, str], body: Json, now: datetime
    ) -> ApiAnswer:
        """Answer a request; `path` begins with `/v2`."""
        self.advance(now)
        parts = [part for part in path.split("/") if part][1:]
        try:
            return self._answer(method.upper(), parts, query, body, now)
        except ApiRefusal as refusal:
            return refusal.answer

    def _answer(
        self, method: str, parts: list[str], query: Mapping[str, str], body: Json, now: datetime
    ) -> ApiAnswer:
        match method, parts:
            case "GET", ["account"]:
                return ApiAnswer(200, self._account())
            case "GET", ["account", "activities"]:
                return ApiAnswer(200, self._activities(query, query.get("activity_types", "FILL")))
            case "GET", ["account", "activities", kind]:
                return ApiAnswer(200, self._activities(query, kind))
            case "GET", ["clock"]:
                return ApiAnswer(200, self.hours.clock_json(now))
            case "GET", ["calendar"]:
                return ApiAnswer(200, self._calendar(query))
            case "GET", ["assets"]:
                listed = [asset_json(a, self._asset_ids[s]) for s, a in self.assets.items()]
                return ApiAnswer(200, listed)
            case "GET", ["assets", symbol]:
                return ApiAnswer(200, asset_json(self._asset(symbol), self._asset_ids[symbol]))
            case "GET", ["positions"]:
                return ApiAnswer(200, [self._position(s) for s in self.holdings.positions])
            case "GET", ["positions", symbol]:
                return ApiAnswer(200, self._position(symbol))
            case "GET", ["orders"]:
                return ApiAnswer(200, orders_json(self.book, query))
            case "POST", ["orders"]:
                return ApiAnswer(200, self._submit(body, now))
            case "GET", ["orders:by_client_order_id"]:
                client_id = query.get("client_order_id", "")
                order = self._order(self.book.by_client_id.get(client_id, client_id))
                return ApiAnswer(200, self._whole(order))
            case "GET", ["orders", order_id]:
                return ApiAnswer(200, self._whole(self._order(order_id)))
            case "PATCH", ["orders", order_id]:
                return ApiAnswer(200, self._replace(self._order(order_id), body, now))
            case "DELETE", ["orders", order_id]:
                self._cancel(self._order(order_id), now)
                return ApiAnswer(204, None)
        raise not_found(f"endpoint not found: {method} /v2/{'/'.join(parts)}")

    def _account(self) -> Json:
        began = self.hours.sessions[0].open
        return account_json(self._account_id, self.book, self.flags, self._last_equity, began)

    def _activities(self, query: Mapping[str, str], kinds: str) -> Json:
        if "FILL" not in kinds.split(","):
            return []
        return activities_json(self.book.executions, self._account_id, query)

    def _calendar(self, query: Mapping[str, str]) -> Json:
        start, end = query.get("start", "0001-01-01"), query.get("end", "9999-12-31")
        try:
            return self.hours.calendar_json(
                date.fromisoformat(start[:10]), date.fromisoformat(end[:10])
            )
        except ValueError:
            raise invalid("invalid date") from None

    def _asset(self, symbol: str) -> Asset:
        if symbol not in self.assets:
            raise not_found(f"asset not found for {symbol}")
        return self.assets[symbol]

    def _position(self, symbol: str) -> Json:
        if symbol not in self.holdings.positions:
            raise not_found("position does not exist")
        return position_json(self.book, symbol, self._asset_ids.get(symbol, self._account_id))

    def _order(self, order_id: str) -> TheirOrder:
        if order_id not in self.book.orders:
            raise not_found(f"order not found for {order_id}")
        return self.book.orders[order_id]

    def _whole(self, order: TheirOrder) -> Json:
        return order_json(order, self.book.legs(order))

    def _submit(self, body: Json, now: datetime) -> Json:
        request = read_request(body)
        refuse_order(request, self.book, self.assets, self.flags)
        is_open = self.hours.is_open(now)
        is_of_day = request.time_in_force != "gtc"
        order = self.book.accept(
            request,
            self._asset_ids[request.symbol],
            self.hours.close_of_day(now) if is_of_day else None,
            now,
            is_open=is_open,
        )
        # As it was when it was taken: that it is filled already is news of the stream.
        answer = self._whole(order)
        if is_open:
            self.fills.take_order(self.book, order, now)
        return answer

    def _replace(self, order: TheirOrder, body: Json, now: datetime) -> Json:
        if not isinstance(body, dict):
            raise invalid("request body format is invalid")
        if order.status not in REPLACEABLE:
            raise unprocessable(f"cannot replace order in {order.status} status")
        client_id = str(body.get("client_order_id") or "")
        if client_id in self.book.by_client_id:
            raise invalid("client_order_id must be unique")
        change = Replacement(
            price(body, "qty"),
            price(body, "limit_price"),
            price(body, "stop_price"),
            str(body.get("time_in_force") or "") or None,
            client_id,
        )
        self._refuse_replacement(order, change)
        return self._whole(self.book.replace(order, change, now))

    def _refuse_replacement(self, order: TheirOrder, change: Replacement) -> None:
        for name in ("limit_price", "stop_price"):
            refuse_fraction_of_cent(name, getattr(change, name))
            if getattr(change, name) is not None and getattr(order, name) is None:
                raise invalid(f"{order.order_type} orders require no {name.replace('_', ' ')}")
        after = (
            change.qty or order.qty,
            change.limit_price or order.limit_price,
            change.stop_price or order.stop_price,
            change.time_in_force or order.time_in_force,
        )
        if after == (order.qty, order.limit_price, order.stop_price, order.time_in_force):
            raise unprocessable("order parameters are not changed")
        if change.qty is not None:
            if change.qty != order.qty and order.order_class is not OrderClass.SIMPLE:
                raise unprocessable(f"qty of {order.order_class} orders cannot be replaced")
            if change.qty <= order.filled_qty:
                raise unprocessable("qty must be > filled_qty")
            if change.qty > order.qty:
                refuse_more(change.qty - order.qty, order, self.book, self.flags)
        last = self.holdings.prices.get(order.symbol)
        if order.status is not TheirStatus.HELD or order.order_class is OrderClass.OCO:
            refuse_reached_stop(order.side, change.stop_price, last)

    def _cancel(self, order: TheirOrder, now: datetime) -> None:
        if not order.is_open or order.status in NOT_CANCELABLE:
            raise unprocessable(f'order is already in "{order.status}" state')
        self.book.cancel(order, now)
