"""Alpaca's trading API as far as one account's orders need it: a test fills and ends them by hand.

What it answers can be scripted by method and path, before or after the request was carried out.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEYS = ("PKTESTKEY", "secret-of-the-test")
OPEN = {"new", "accepted", "partially_filled", "pending_new", "pending_replace", "pending_cancel"}
LIMIT_SECONDS = 20.0


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What is answered instead; with `is_late` the request is carried out all the same.

    Status 0 hangs up, -1 says nothing until the server stops.
    """

    status: int
    document: Any = None
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    is_late: bool = False


HANGS_UP = Said(0)
SAYS_NOTHING = Said(-1)


def refuses(status: int, code: int, message: str) -> Said:
    """Return one of Alpaca's own refusals."""
    return Said(status, {"code": code, "message": message})


class AlpacaBroker:
    """Keeps orders by id, with their legs, and the fills that a test makes."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.fills: list[dict[str, Any]] = []
        self.positions: list[dict[str, Any]] = []
        self.assets: dict[str, dict[str, Any]] = {}
        self.account: dict[str, Any] = {
            "id": str(uuid.uuid4()), "account_number": "PA3ABCD1234", "status": "ACTIVE",
            "currency": "USD", "cash": "100000", "equity": "100250.5", "buying_power": "400000",
            "multiplier": "4", "shorting_enabled": True, "trading_blocked": False,
            "account_blocked": False, "trade_suspended_by_user": False, "daytrade_count": 9,
            "pattern_day_trader": True,
        }  # fmt: skip
        self.now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
        self.hides_fills = False
        self._next: dict[tuple[str, str], deque[Said]] = defaultdict(deque)
        self._stopping = threading.Event()
        self._lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        """Return what ALPACA_BASE_URL is set to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def script(self, method: str, path: str, *answers: Said) -> None:
        """Give these answers, once each, to the next requests whose path begins so."""
        self._next[method, path].extend(answers)

    def asked_for(self, method: str, path: str) -> list[Asked]:
        """Return the requests of a method whose path begins so, in order."""
        return [one for one in self.asked if one.method == method and one.path.startswith(path)]

    def of(self, client_order_id: str) -> dict[str, Any]:
        """Return the order that was sent with a client order id."""
        return next(o for o in self.orders.values() if o["client_order_id"] == client_order_id)

    def legs_of(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the legs of an order, as they were sent."""
        return [one for one in self.orders.values() if one["parent"] == order["id"]]

    def fill(self, order: dict[str, Any], qty: int, price: float) -> dict[str, Any]:
        """Trade a part of an order, and let it and its legs be as Alpaca has them then."""
        before, paid = float(order["filled_qty"]), float(order["filled_avg_price"] or 0)
        total = before + qty
        order["filled_avg_price"] = str(round((before * paid + qty * price) / total, 6))
        order["filled_qty"] = f"{total:g}"
        whole = total >= float(order["qty"])
        self.change(order, "filled" if whole else "partially_filled")
        if whole:
            for leg in self.legs_of(order):
                if leg["type"] == "limit":
                    self.change(leg, "new")
        stamp = self.now.strftime("%Y%m%d%H%M%S%f")[:17]
        fill = {
            "id": f"{stamp}::{uuid.uuid4()}", "activity_type": "FILL", "order_id": order["id"],
            "symbol": order["symbol"], "side": order["side"], "qty": f"{qty:g}",
            "price": str(price), "cum_qty": f"{total:g}", "leaves_qty": "0",
            "transaction_time": _text(self.now), "type": "fill" if whole else "partial_fill",
        }  # fmt: skip
        self.fills.append(fill)
        return fill

    def change(self, order: dict[str, Any], status: str, **more: Any) -> None:
        """Let an order be in another status, a moment later."""
        self.now += timedelta(milliseconds=5)
        order |= {"status": status, "updated_at": _text(self.now), **more}

    def place(self, body: dict[str, Any], parent: str = "") -> dict[str, Any]:
        """Take an order, and the legs that it has."""
        self.now += timedelta(milliseconds=5)
        order = {
            "id": str(uuid.uuid4()), "parent": parent, "symbol": body["symbol"],
            "client_order_id": body.get("client_order_id") or str(uuid.uuid4()),
            "side": body["side"], "type": body["type"], "qty": body["qty"],
            "order_class": body.get("order_class", ""), "time_in_force": "day",
            "limit_price": body.get("limit_price"), "stop_price": body.get("stop_price"),
            "filled_qty": "0", "filled_avg_price": None, "status": body.get("status", "new"),
            "submitted_at": _text(self.now), "updated_at": _text(self.now), "replaces": None,
            "replaced_by": None,
        }  # fmt: skip
        self.orders[order["id"]] = order
        is_pair = order["order_class"] == "oco"
        if is_pair:
            order["limit_price"] = body["take_profit"]["limit_price"]
        other = "sell" if body["side"] == "buy" else "buy"
        leg = {"symbol": body["symbol"], "qty": body["qty"], "status": "held"}
        leg |= {"side": body["side"] if is_pair else other, "order_class": order["order_class"]}
        if "take_profit" in body and not is_pair:
            self._leg(order, leg | {"type": "limit"} | body["take_profit"])
        if "stop_loss" in body:
            self._leg(order, leg | {"type": "stop"} | body["stop_loss"])
        return order

    def _leg(self, parent: dict[str, Any], body: dict[str, Any]) -> None:
        self.place(body | {"order_class": ""}, parent["id"])["order_class"] = body["order_class"]

    @contextmanager
    def running(self) -> Iterator[AlpacaBroker]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join(10)

    def _answer(self, asked: Asked) -> Said:
        with self._lock:
            self.asked.append(asked)
            for (method, path), waiting in self._next.items():
                if waiting and method == asked.method and asked.path.startswith(path):
                    said = waiting.popleft()
                    if said.is_late:
                        self._respond(asked)
                    return said
            return self._respond(asked)

    def _respond(self, asked: Asked) -> Said:
        sent = (asked.headers.get("apca-api-key-id"), asked.headers.get("apca-api-secret-key"))
        if sent != KEYS:
            return Said(401, {"message": "unauthorized."})
        path, body = asked.path, asked.body
        match asked.method, path.split("/")[2:]:
            case "GET", ["account"]:
                return Said(200, self.account)
            case "GET", ["account", "activities", "FILL"]:
                return Said(200, self._fills(asked.query))
            case "GET", ["positions"]:
                return Said(200, self.positions)
            case "GET", ["clock"]:
                return Said(
                    200, {"timestamp": "2026-03-02T10:00:00.123456789-05:00", "is_open": True}
                )
            case "GET", ["assets", name]:
                return Said(200, self.assets[name]) if name in self.assets else _absent()
            case "GET", ["orders"]:
                return Said(200, self._listed(asked.query))
            case "GET", ["orders:by_client_order_id"]:
                wanted = asked.query["client_order_id"]
                found = [o for o in self.orders.values() if o["client_order_id"] == wanted]
                return Said(200, self._shown(found[0])) if found else _absent()
            case "POST", ["orders"]:
                if any(
                    o["client_order_id"] == body["client_order_id"] for o in self.orders.values()
                ):
                    return refuses(422, 40010001, "client_order_id must be unique")
                return Said(200, self._shown(self.place(body)))
            case _, ["orders", order_id]:
                order = self.orders.get(order_id)
                return _absent() if order is None else self._one(asked, order)
        return _absent()

    def _one(self, asked: Asked, order: dict[str, Any]) -> Said:
        if asked.method == "GET":
            return Said(200, self._shown(order))
        if order["status"] not in OPEN | {"held"}:
            said = f'order is already in "{order["status"]}" state'
            return refuses(422, 42210000, said)
        if asked.method == "DELETE":
            self.change(order, "canceled")
            return Said(204)
        newer = self.place({**order, **asked.body, "order_class": ""}, order["parent"])
        newer["replaces"], newer["status"] = order["id"], "new"
        if "client_order_id" not in asked.body:
            newer["client_order_id"] = str(uuid.uuid4())
        self.change(order, "replaced", replaced_by=newer["id"])
        return Said(200, self._shown(newer))

    def _shown(self, order: dict[str, Any]) -> dict[str, Any]:
        legs = [self._shown(leg) for leg in self.legs_of(order)]
        return {name: said for name, said in order.items() if name != "parent"} | {
            "legs": legs or None
        }

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        is_all = query.get("status") == "all"
        found = [
            order
            for order in self.orders.values()
            if not order["parent"]
            and (is_all or order["status"] in OPEN)
            and order["submitted_at"] > query.get("after", "")
        ]
        return [self._shown(order) for order in found[: int(query["limit"])]]

    def _fills(self, query: dict[str, str]) -> list[dict[str, Any]]:
        if self.hides_fills:
            return []
        fills = sorted(self.fills, key=lambda fill: fill["id"])
        after = query.get("page_token", "")
        found = [
            f for f in fills if f["id"] > after and f["transaction_time"] > query.get("after", "")
        ]
        return found[: int(query["page_size"])]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        broker = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                asked = Asked(
                    self.command, parts.path,
                    {name: values[-1] for name, values in parse_qs(parts.query).items()}, body,
                    {name.lower(): value for name, value in self.headers.items()},
                )  # fmt: skip
                said = broker._answer(asked)
                if said.status <= 0:
                    if said.status < 0:
                        broker._stopping.wait(LIMIT_SECONDS)
                    self.close_connection = True
                    return
                content = said.text or ("" if said.document is None else json.dumps(said.document))
                self.send_response_only(said.status)
                self.send_header("Content-Length", str(len(content.encode())))
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content.encode())

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def do_PATCH(self) -> None:
                self._serve()

            def do_DELETE(self) -> None:
                self._serve()

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def _absent() -> Said:
    return refuses(404, 40410000, "order not found")


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
