"""The fills of a run joined to their trades, and where in the panel both happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.backtest.performance import Course, trade_columns
from trading.engine.tapes.trade_tape import FillRow, TradeRow
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid
from trading.reasons import LEG_ENTRY


@dataclass(frozen=True, slots=True)
class TradeFills:
    """Trades and fills as columns, in the order in which they were recorded.

    `trade` (fills) is the number of the trade that a fill belongs to, -1 for the fills of a
    position that was never left. `row` (fills) is the fill's bar on the grid. `entry_fill` and
    `last_fill` (trades) are the numbers of a trade's entry and of the last part of its exit.
    """

    trades: TradeRow[Floats]
    fills: FillRow[Floats]
    trade: Integers
    row: Integers
    entry_fill: Integers
    last_fill: Integers


def join_fills(outcome: Course, grid: Grid) -> TradeFills:
    """Return the fills of an outcome joined to its trades.

    A symbol holds one position at a time and an entry has one fill, so that the n-th entry of a
    symbol and what follows until its next are the symbol's n-th trade.
    """
    trades = trade_columns(outcome)
    fills: FillRow[Floats] = FillRow(*np.ascontiguousarray(outcome.fills.T))
    by_symbol = np.argsort(fills.symbol, kind="stable")
    is_entry = fills.leg[by_symbol] == LEG_ENTRY
    number = np.cumsum(is_entry) - 1
    symbol = fills.symbol[by_symbol]
    first_of_symbol = number[np.searchsorted(symbol, symbol, side="left")]
    trades_by_symbol = np.argsort(trades.symbol, kind="stable")
    sorted_symbol = trades.symbol[trades_by_symbol]
    place = np.searchsorted(sorted_symbol, symbol, side="left") + number - first_of_symbol
    is_left = place < np.searchsorted(sorted_symbol, symbol, side="right")
    trade = np.full(len(symbol), -1, dtype=np.int64)
    trade[by_symbol[is_left]] = trades_by_symbol[place[is_left]]
    known = np.flatnonzero(trade >= 0)
    entry_fill, last_fill = np.zeros((2, len(trades.pnl)), dtype=np.int64)
    entries = known[fills.leg[known] == LEG_ENTRY]
    entry_fill[trade[entries]] = entries
    # Of numbers that are written to one place the last one stays.
    last_fill[trade[known]] = known
    row = np.searchsorted(grid.start_us, fills.us.astype(np.int64))
    return TradeFills(trades, fills, trade, row.astype(np.int64), entry_fill, last_fill)


def table_order(trades: TradeRow[Floats]) -> Integers:
    """Return the numbers of trades in the order in which tables and files list them."""
    order: Integers = np.lexsort((trades.symbol, trades.entry_us, trades.exit_us))
    return order
