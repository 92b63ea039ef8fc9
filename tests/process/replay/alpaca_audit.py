"""Compares a ledger with the account of Alpaca's double that took its orders.

It asks the double in plain HTTP and reads the ledger's tables, for it must share no mistake with
the product.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from blocks.ledger.ledger import DuckDBLedger
from tests.servers.alpaca_double import KEY, SECRET
from trading.market.calendar import sessions_between

Json = dict[str, Any]
OPEN = {"new", "accepted", "held", "partially_filled", "pending_cancel", "pending_replace"}
ENDS = ("filled_at", "canceled_at", "expired_at", "replaced_at", "failed_at")


class Audit:
    """What the double and the ledger say when the day is over."""

    def __init__(self, base_url: str, data_dir: Path, account: str) -> None:
        self.ledger = DuckDBLedger(data_dir, account)
        self._base_url = base_url
        parents = self._get("/v2/orders?status=all&nested=true&limit=500&direction=asc")
        self.orders: list[Json] = [o for p in parents for o in (p, *(p["legs"] or ()))]
        self.parents = {leg["id"]: parent for parent in parents for leg in parent["legs"] or ()}
        self.fills: list[Json] = self._get("/v2/account/activities/FILL?direction=asc")
        self.positions: list[Json] = self._get("/v2/positions")
        self.account: Json = self._get("/v2/account")

    def _get(self, path: str) -> Any:
        keys = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
        request = urllib.request.Request(self._base_url + path, headers=keys)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def problems(self) -> Iterator[str]:
        """Yield in words what a user would have lost, or have twice."""
        yield from self._of_fills()
        yield from self._of_orders()
        if self.positions:
            yield f"held there after the close: {self.positions}"
        held = self.ledger.query("SELECT symbol, quantity FROM positions")
        if held:
            yield f"held in the ledger after the close: {held}"
        (last,) = self.ledger.query("SELECT equity FROM equity ORDER BY ts DESC LIMIT 1")
        if abs(Decimal(str(last["equity"])) - Decimal(self.account["equity"])) > Decimal("0.01"):
            yield f"equity: ledger {last['equity']}, there {self.account['equity']}"

    def _of_fills(self) -> Iterator[str]:
        journalled = Counter(fill["exec_id"] for fill in self._journalled("fill"))
        there = Counter(f"{fill['order_id']}:{fill['cum_qty']}" for fill in self.fills)
        if journalled != there:
            yield f"fills lost {there - journalled}, made up or doubled {journalled - there}"
        prices = {fill["exec_id"]: fill["price"] for fill in self._journalled("fill")}
        for fill in self.fills:
            name = f"{fill['order_id']}:{fill['cum_qty']}"
            if abs(prices.get(name, 0.0) - float(fill["price"])) > 1e-6:
                yield f"{name}: {prices.get(name)} in the ledger, {fill['price']} there"

    def _of_orders(self) -> Iterator[str]:
        asked = {row["client_order_id"] for row in self._journalled("intent")}
        names = Counter(
            order["client_order_id"].partition("~")[0]
            for order in self.orders
            # Legs have no ids of ours, and what replaced an order is of the same intent.
            if order["id"] not in self.parents and order["replaces"] is None
        )
        for name, count in names.items():
            if name not in asked:
                yield f"{name} was sent, and no intent of it is journalled"
            if count > 1:
                yield f"{name} was sent {count} times"
        for order in self.orders:
            if order["status"] in OPEN:
                yield f"{order['symbol']} {order['type']} is still {order['status']} there"
        for symbol in {order["symbol"] for order in self.orders}:
            yield from self._turned(symbol)

    def _turned(self, symbol: str) -> Iterator[str]:
        """Yield where an exit was of more than was held."""
        entries = {o["id"] for o in self.orders if "-entry-" in o["client_order_id"]}
        held = Decimal(0)
        # Fills of one moment are listed in any order.
        moments = sorted(
            self.fills, key=lambda one: (one["transaction_time"], one["order_id"] not in entries)
        )
        for fill in moments:
            if fill["symbol"] != symbol:
                continue
            before = held
            held += Decimal(fill["qty"]) * (1 if fill["side"] == "buy" else -1)
            if fill["order_id"] not in entries and (held * before < 0 or abs(held) > abs(before)):
                yield f"{symbol}: an exit turned {before} into {held}"

    def _journalled(self, kind: str) -> list[Json]:
        rows = self.ledger.query(f"SELECT payload FROM journal WHERE kind = '{kind}' ORDER BY seq")
        return [json.loads(row["payload"]) for row in rows]

    def bare(self) -> list[tuple[datetime, datetime]]:
        """Return when a position stood there with neither a stop nor an exit of its quantity."""
        found: list[tuple[datetime, datetime]] = []
        for symbol in sorted({fill["symbol"] for fill in self.fills}):
            moments = sorted(self._moments(symbol))
            for begin, end in pairwise(moments):
                held = self._held(symbol, begin)
                if held and self._guarded(symbol, held, begin) < abs(held):
                    if found and found[-1][1] == begin:
                        found[-1] = (found[-1][0], end)
                    else:
                        found.append((begin, end))
        return found

    def _moments(self, symbol: str) -> set[datetime]:
        orders = [order for order in self.orders if order["symbol"] == symbol]
        times = {o[name] for o in orders for name in ("submitted_at", *ENDS) if o[name]}
        times |= {fill["transaction_time"] for fill in self.fills if fill["symbol"] == symbol}
        return {datetime.fromisoformat(each) for each in times}

    def _held(self, symbol: str, at: datetime) -> Decimal:
        return sum(
            (
                Decimal(fill["qty"]) * (1 if fill["side"] == "buy" else -1)
                for fill in self.fills
                if fill["symbol"] == symbol
                and datetime.fromisoformat(fill["transaction_time"]) <= at
            ),
            Decimal(0),
        )

    def _guarded(self, symbol: str, held: Decimal, at: datetime) -> Decimal:
        """Return the shares of which a stop, or an exit at market, works at a moment."""
        total = Decimal(0)
        for order in self.orders:
            is_guard = order["type"] in ("stop", "market") and order["symbol"] == symbol
            parent = self.parents.get(order["id"])
            is_awake = (
                parent is None
                or parent["order_class"] == "oco"
                or (parent["filled_at"] and datetime.fromisoformat(parent["filled_at"]) <= at)
            )
            if is_guard and is_awake and (order["side"] == "sell") == (held > 0):
                end = min((order[name] for name in ENDS if order[name]), default=None)
                begun = datetime.fromisoformat(order["submitted_at"]) <= at
                if begun and (end is None or datetime.fromisoformat(end) > at):
                    total += Decimal(order["qty"])
        return total

    def first_late(self, day: date, minutes: int, open_at: float) -> datetime:
        """Return when something came later than the model of the simulated venue allows.

        From then on fills are of another moment, and all that follows from them differs: an entry,
        an exit or a moved stop that a bar asked for came after the next one's open, or never.
        """
        (session,) = sessions_between("NYSE", day, day)
        length = timedelta(minutes=minutes)
        late = [session.close + length]
        for order in self.orders:
            bar, into = divmod(datetime.fromisoformat(order["submitted_at"]) - session.open, length)
            is_moved, is_target = order["replaces"] is not None, order["type"] == "limit"
            # A target is moved to the fill, which a bar's open makes; it may fill before that.
            was_not_moved = is_target and order["filled_at"] and not is_moved
            is_of_a_bar = not is_target and (is_moved or order["id"] not in self.parents)
            if was_not_moved or (is_of_a_bar and into > length * open_at):
                late.append(session.open + bar * length)
        ends = [row["bar"] for row in self._journalled("bar") if "missed" in row["gates"]]
        ends += [row["bar"] for row in self._journalled("bar_passed")]
        late += [session.open + (bar + 1) * length for bar in ends]
        missed = {
            o["client_order_id"]
            for o in self._journalled("order_update")
            if o["reason"] == "missed"
        }
        made = [i["us"] for i in self._journalled("intent") if i["client_order_id"] in missed]
        # A stop that was moved too late is passed, and its position left.
        left = self.ledger.query("SELECT exit_time FROM trades WHERE exit_reason = 'unprotected'")
        moments = [datetime.fromtimestamp(us / 1e6, UTC) for us in made]
        moments += [row["exit_time"] for row in left]
        late += [at - (at - session.open) % length for at in moments]
        return min(late)
