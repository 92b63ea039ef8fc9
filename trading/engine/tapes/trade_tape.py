"""The tape of a run: fills and trades as numbers, written by the loop."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import numpy as np

from trading.engine.book import Book
from trading.market.bars import Floats, Integers
from trading.prices import r4
from trading.reasons import EXIT_ASSUMED_CLOSE

Of = TypeVar("Of")


class FillRow(NamedTuple, Generic[Of]):
    """A fill as a row of numbers, or the columns of many: `FillRow(*fills.T)`.

    The quantity is signed, buys positive; the leg is a number of `FillLeg`.
    """

    us: Of
    symbol: Of
    leg: Of
    quantity: Of
    price: Of
    commission: Of


class TradeRow(NamedTuple, Generic[Of]):
    """A trade as a row of numbers, or the columns of many: `TradeRow(*trades.T)`.

    `side` is 1 for long and -1 for short; the exit reason is a number of `ExitReason`.
    """

    symbol: Of
    side: Of
    quantity: Of
    entry_us: Of
    entry_price: Of
    exit_us: Of
    exit_price: Of
    exit_reason: Of
    pnl: Of
    pnl_pct: Of
    r_multiple: Of
    initial_stop: Of


class DecisionRow(NamedTuple, Generic[Of]):
    """A decision as a row of numbers, or the columns of many; NaN for what was not reached.

    The reason is a number of `Reason`; `target_offset` counts in what `target_kind` says, a number
    of `trading.entries`.
    """

    us: Of
    symbol: Of
    reason: Of
    price: Of
    range_high: Of
    range_low: Of
    stop: Of
    target_offset: Of
    quantity: Of
    atr: Of
    equity: Of
    score: Of
    relative_opening_volume: Of
    level: Of
    target_kind: Of


FILLS = 0
TRADES = 1


class Tape(NamedTuple):
    """Rows of fills and trades, and how many of each there are."""

    counts: Integers
    fills: Floats
    trades: Floats


def new_tape(fills: int) -> Tape:
    """Return an empty tape with room for so many fills."""
    return Tape(
        np.zeros(2, dtype=np.int64),
        np.empty((fills, len(FillRow._fields)), dtype=np.float64),
        np.empty((fills, len(TradeRow._fields)), dtype=np.float64),
    )


def record_fill(
    tape: Tape, us: int, s: int, leg: int, quantity: int, price: float, commission: float
) -> None:
    """Write one fill; the quantity is signed, buys positive."""
    row = tape.counts[FILLS]
    fill = FillRow(float(us), float(s), float(leg), float(quantity), price, commission)
    for column in range(len(fill)):
        tape.fills[row, column] = fill[column]
    tape.counts[FILLS] = row + 1


def record_trade(tape: Tape, book: Book, s: int, side: int) -> None:
    """Write the trade that just became flat; side is 1 for long, -1 for short."""
    row = tape.counts[TRADES]
    quantity = book.entry_quantity[s]
    entry_price = book.entry_price[s]
    risk = abs(entry_price - book.initial_stop[s])
    trade = TradeRow(
        symbol=float(s),
        side=float(side),
        quantity=float(quantity),
        entry_us=float(book.entry_us[s]),
        entry_price=entry_price,
        exit_us=float(book.exit_us[s]),
        exit_price=r4(book.exit_notional[s] / book.exit_quantity[s]),
        exit_reason=float(EXIT_ASSUMED_CLOSE if book.assumed[s] else book.exit_reason[s]),
        pnl=book.profit[s],
        pnl_pct=book.profit[s] / (entry_price * quantity),
        r_multiple=book.profit[s] / quantity / risk if risk > 0 else np.nan,
        initial_stop=book.initial_stop[s],
    )
    for column in range(len(trade)):
        tape.trades[row, column] = trade[column]
    tape.counts[TRADES] = row + 1
