"""What is watched at a simulated broker: its orders and fills, whatever the session believes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tasks.simulation.clock import SECOND_US, WorldTime
from tasks.simulation.story import InvariantBroken

EXITS = ("stop", "target", "exit")


class SeenOrder(NamedTuple):
    """An order of ours as the broker has it; quantities in shares, `quantity` signed.

    `name` is our client order id, or the broker's id of a leg that has none. Of the orders of one
    `group` only one can be filled.
    """

    name: str
    symbol: str
    leg: str
    quantity: int
    filled: int
    is_live: bool
    is_working: bool
    group: str

    @property
    def remaining(self) -> int:
        """Return what is not filled, not signed."""
        return abs(self.quantity) - self.filled


class Execution(NamedTuple):
    """A fill of an order of ours at the broker; `quantity` is signed."""

    exec_id: str
    name: str
    symbol: str
    leg: str
    quantity: int
    price: float


class Broker(Protocol):
    """What the watch reads of a broker, of either style."""

    def seen_orders(self) -> list[SeenOrder]:
        """Return all orders of ours that it ever had."""
        ...

    def executions(self) -> list[Execution]:
        """Return all fills of ours, in order."""
        ...

    def has_others(self, symbol: str) -> bool:
        """Return whether somebody else had a hand in a symbol."""
        ...

    def touched(self) -> list[str]:
        """Return the orders and positions of others that a request of ours has changed."""
        ...


@dataclass
class Worst:
    """The largest values that were seen."""

    unprotected_seconds: float = 0.0
    positions: int = 0
    gross_usd: float = 0.0


@dataclass
class Limits:
    """What a session may have at most; money in USD."""

    positions: int
    gross_usd: float
    unprotected_seconds: float


def positions_of(fills: list[Execution]) -> dict[str, int]:
    """Return what fills came to by symbol, signed, zeros left out."""
    held: dict[str, int] = defaultdict(int)
    for fill in fills:
        held[fill.symbol] += fill.quantity
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


@dataclass
class Watch:
    """Looks at the broker after everything that happens there.

    `can_act` says whether a process lives that hears the broker and is heard: only then its
    protection has a bound. `has_stop` says whether a symbol's position is to have a stop.
    """

    time: WorldTime
    broker: Broker
    limits: Limits
    can_act: Callable[[], bool]
    has_stop: Callable[[str], bool]
    worst: Worst = field(default_factory=Worst)
    _open_since: dict[str, float] = field(default_factory=dict)
    _looked_us: int = 0
    # Those of which a stop could be asked for when they were looked at last.
    _unprotected: frozenset[str] = frozenset()
    _could_act: bool = False

    def positions(self) -> dict[str, int]:
        """Return what fills of ours came to, signed, zeros left out."""
        return positions_of(self.broker.executions())

    def look(self) -> None:
        """Check what must hold at any moment; raises InvariantBroken."""
        orders, fills = self.broker.seen_orders(), self.broker.executions()
        held = positions_of(fills)
        self._entries(orders, fills)
        self._exits(orders, held)
        self._exposure(fills, held)
        self._protection(orders, held)
        if touched := self.broker.touched():
            raise InvariantBroken("foreign-untouched", f"{', '.join(touched)} is not ours")

    def _entries(self, orders: list[SeenOrder], fills: list[Execution]) -> None:
        live: dict[str, list[str]] = defaultdict(list)
        for order in orders:
            if order.leg == "entry" and order.is_live:
                live[order.symbol].append(order.name)
        for symbol, names in live.items():
            if len(names) > 1:
                raise InvariantBroken(
                    "one-order-per-intent", f"{symbol} has {len(names)} entries: {', '.join(names)}"
                )
        entered: dict[str, list[str]] = defaultdict(list)
        total: dict[str, int] = defaultdict(int)
        for fill in fills:
            if total[fill.symbol] == 0:
                entered[fill.symbol] = []
            if fill.leg == "entry" and fill.name not in entered[fill.symbol]:
                entered[fill.symbol].append(fill.name)
            before = total[fill.symbol]
            total[fill.symbol] += fill.quantity
            if before * total[fill.symbol] < 0:
                raise InvariantBroken(
                    "exits-within-position",
                    f"{fill.symbol} was turned from {before} to {total[fill.symbol]} by"
                    f" {fill.name}",
                )
            if fill.leg != "entry" and before == 0:
                raise InvariantBroken(
                    "exits-within-position",
                    f"{fill.symbol} was opened by the {fill.leg} {fill.name}",
                )
        for symbol, names in entered.items():
            if len(names) > 1:
                raise InvariantBroken(
                    "one-order-per-intent",
                    f"the position in {symbol} is of {len(names)} entries: {', '.join(names)}",
                )

    def _exits(self, orders: list[SeenOrder], held: Mapping[str, int]) -> None:
        groups: dict[str, dict[str, int]] = defaultdict(dict)
        for order in orders:
            if order.leg in EXITS and order.is_working:
                of_symbol = groups[order.symbol]
                of_symbol[order.group] = max(of_symbol.get(order.group, 0), order.remaining)
        for symbol, by_group in groups.items():
            asked, there = sum(by_group.values()), abs(held.get(symbol, 0))
            if asked > there:
                raise InvariantBroken(
                    "exits-within-position", f"exits of {asked} {symbol} are open, {there} are held"
                )

    def _exposure(self, fills: list[Execution], held: Mapping[str, int]) -> None:
        self.worst.positions = max(self.worst.positions, len(held))
        if len(held) > self.limits.positions:
            raise InvariantBroken(
                "exposure", f"{len(held)} positions are open, {self.limits.positions} are allowed"
            )
        price: dict[str, float] = {}
        for fill in fills:
            if fill.leg == "entry":
                price[fill.symbol] = fill.price
        gross = sum(abs(quantity) * price.get(s, 0.0) for s, quantity in held.items())
        self.worst.gross_usd = max(self.worst.gross_usd, gross)
        if gross > self.limits.gross_usd:
            raise InvariantBroken(
                "exposure", f"{gross:.2f} USD are held, {self.limits.gross_usd:.2f} are allowed"
            )

    def _protection(self, orders: list[SeenOrder], held: Mapping[str, int]) -> None:
        self.count_unprotected()
        covered: dict[str, int] = defaultdict(int)
        for order in orders:
            if order.leg in ("stop", "exit") and order.is_working:
                covered[order.symbol] += order.remaining
        uncovered = [symbol for symbol, quantity in held.items() if covered[symbol] < abs(quantity)]
        self._open_since = {symbol: self._open_since.get(symbol, 0.0) for symbol in uncovered}
        self._unprotected = frozenset(filter(self.has_stop, uncovered))
        self._could_act = self.can_act()

    def count_unprotected(self) -> None:
        """Add the time since the last look to what was unprotected then."""
        passed = (self.time.us - self._looked_us) / SECOND_US
        self._looked_us = self.time.us
        if not self._could_act:
            return
        for symbol in sorted(self._unprotected):
            # What others sold of it nobody can protect.
            if self.broker.has_others(symbol) or not self.has_stop(symbol):
                continue
            seconds = self._open_since[symbol] = self._open_since[symbol] + passed
            self.worst.unprotected_seconds = max(self.worst.unprotected_seconds, seconds)
            if seconds > self.limits.unprotected_seconds:
                raise InvariantBroken(
                    "protected",
                    f"{symbol} is held without a stop and without an exit for {seconds:.1f} s,"
                    f" {self.limits.unprotected_seconds:g} are allowed",
                )
