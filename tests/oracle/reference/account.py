"""Cash, positions, orders and what a run says (sections 4, 5, 7 and 14), from the page alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.reference.bars import r4, tick_down, tick_up
from tests.oracle.reference.strategy import Wanted


@dataclass
class Order:
    """An entry that waits for the next open, or rests at its level until its closes are over."""

    quantity: int
    reference: float
    wanted: Wanted
    closes_left: float


@dataclass
class Position:
    """What is held of a symbol, and how it is to be left."""

    sign: int
    quantity: int
    left: int
    entry: float
    entry_time: int
    initial_stop: float
    stop: float
    target: float | None
    fees: float
    is_filled_inside: bool
    exit_reason: str | None = None
    parts: list[tuple[int, float]] = field(default_factory=list)
    best: float | None = None

    def risk(self) -> float:
        """Return R."""
        return abs(self.entry - self.initial_stop)

    def trail_to(self, level: float, tick: float) -> None:
        """Move the stop to a level, never against the position."""
        if self.sign > 0:
            self.stop = max(self.stop, tick_down(level, tick))
        else:
            self.stop = min(self.stop, tick_up(level, tick))


@dataclass
class Result:
    """Everything a run says; `decisions` and `numbers` are keyed by (session, bar, symbol)."""

    trades: list[dict[str, Any]] = field(default_factory=list)
    fills: list[dict[str, Any]] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    decisions: dict[tuple[str, int, str], str] = field(default_factory=dict)
    numbers: dict[tuple[str, int, str], dict[str, float]] = field(default_factory=dict)
    dropped: list[tuple[str, int, str, str]] = field(default_factory=list)
    latched_sessions: list[str] = field(default_factory=list)
    halted_in: str | None = None
    gate: dict[str, int] = field(default_factory=dict)


class Account:
    """Cash, positions and marks."""

    def __init__(self, symbols: Sequence[str], capital: float, leverage: float) -> None:
        self.symbols = list(symbols)
        self.cash = capital
        self.leverage = leverage
        self.mark: dict[str, float] = {}
        self.positions: dict[str, Position] = {}
        self.pending: dict[str, Order] = {}

    def equity(self) -> float:
        """Return cash plus what the positions are worth, in the configured order."""
        worth = 0.0
        for symbol in self.symbols:
            if symbol in self.positions:
                held = self.positions[symbol]
                worth += held.sign * held.left * self.mark[symbol]
        return self.cash + worth

    def gross(self) -> float:
        """Return the sum of the positions' absolute worth."""
        total = 0.0
        for symbol in self.symbols:
            if symbol in self.positions:
                total += self.positions[symbol].left * self.mark[symbol]
        return total

    def reserved(self) -> float:
        """Return what the pending entries would cost at their reference prices."""
        total = 0.0
        for symbol in self.symbols:
            if symbol in self.pending:
                order = self.pending[symbol]
                total += order.quantity * order.reference
        return total

    def buying_power(self) -> float:
        """Return what may still be bought, never below zero."""
        return max(0.0, self.leverage * self.equity() - self.gross() - self.reserved())

    def leave_everything(self, reason: str) -> None:
        """Cancel what is pending; give each position without a waiting exit an exit order."""
        self.pending.clear()
        for held in self.positions.values():
            if held.exit_reason is None:
                held.exit_reason = reason


def trade_of(session: str, symbol: str, held: Position, exit_time: int) -> dict[str, Any]:
    """Return the trade of a position that is flat."""
    quantity = held.quantity
    pnl = sum(q * (price - held.entry) * held.sign for q, price in held.parts) - held.fees
    return {
        "session": session,
        "symbol": symbol,
        "side": "long" if held.sign > 0 else "short",
        "quantity": quantity,
        "entry_time": held.entry_time,
        "entry_price": held.entry,
        "exit_time": exit_time,
        "exit_price": r4(sum(q * price for q, price in held.parts) / quantity),
        "exit_reason": held.exit_reason,
        "pnl": pnl,
        "pnl_pct": pnl / (quantity * held.entry),
        "r_multiple": pnl / quantity / held.risk() if held.risk() > 0 else None,
        "initial_stop": held.initial_stop,
    }
