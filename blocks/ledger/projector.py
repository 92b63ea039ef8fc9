"""What of a session's state the ledger's projections do not show yet."""

from __future__ import annotations

from itertools import starmap

from blocks.ledger.rows import (
    GateRow,
    Projection,
    decision_row,
    message_row,
    moment,
    position_rows,
    trade_row,
    universe_rows,
)
from trading.engine.tapes.trade_tape import TRADES, TradeRow
from trading.session.messages.reporter import Reporter
from trading.session.orders import Order
from trading.session.state import SessionState


class Projector:
    """Remembers how much of a session was written; a new one writes it all again, harmlessly."""

    def __init__(self, state: SessionState, reporter: Reporter) -> None:
        self._state = state
        self._reporter = reporter
        self._trades = 0
        self._decisions = 0
        self._equity = 0
        self._messages = 0
        self._is_universe_told = False
        self._orders: dict[str, Order] = {}
        # How many findings of the gate are told, those of earlier sessions too.
        self._gate = 0
        self._drawdown: str | None = None

    def changes(self) -> Projection:
        """Return what changed since `done` was called last."""
        state = self._state
        session, symbols = state.session.date.isoformat(), state.plan.symbols
        trades = state.tape.trades[self._trades : state.tape.counts[TRADES]]
        # The last point is written again: the session's end may still change it.
        points = state.equity_points[max(0, self._equity - 1) :]
        return Projection(
            session,
            orders=[o for key, o in state.orders.items() if self._orders.get(key) != o],
            trades=[
                trade_row(session, self._trades + n, trade, symbols, state.plan.strategy_name)
                for n, trade in enumerate(starmap(TradeRow, trades.tolist()))
            ],
            positions=position_rows(state.book, symbols),
            equity=points,
            decisions=[
                decision_row(session, row, state.plan) for row in state.decisions[self._decisions :]
            ],
            universe=self._universe(),
            messages=[
                message_row(session, message)
                for message in self._reporter.messages[self._messages :]
            ],
            gate=self._gate_row() if self._found() != self._gate else None,
            drawdown=self._drawdown_since() if self._drawdown_since() != self._drawdown else None,
        )

    def done(self) -> None:
        """Note that the last changes are in the ledger."""
        state = self._state
        self._trades = int(state.tape.counts[TRADES])
        self._decisions = len(state.decisions)
        self._equity = len(state.equity_points)
        self._messages = len(self._reporter.messages)
        self._is_universe_told = self._is_universe_told or self._is_judged()
        self._orders = dict(state.orders)
        self._gate = self._found()
        self._drawdown = self._drawdown_since()

    def _is_judged(self) -> bool:
        opening_bars = self._state.rules.selection.opening_bars
        return 0 < opening_bars <= self._state.last_bar + 1

    def _universe(self) -> list[tuple[object, ...]]:
        state = self._state
        if self._is_universe_told or not self._is_judged():
            return []
        return universe_rows(state.session.date.isoformat(), state.universe, state.plan)

    def _drawdown_since(self) -> str:
        state = self._state
        return moment(state.halt.since_us).isoformat() if state.is_in_drawdown else ""

    def _found(self) -> int:
        return sum(self._state.gate.totals.values())

    def _gate_row(self) -> GateRow:
        gate = self._state.gate
        return GateRow(gate.report, gate.totals)
