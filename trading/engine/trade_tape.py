"""The tape of a run: fills and trades as numbers, written by the loop."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trading.engine.book import Book
from trading.market.bars import Floats, Integers
from trading.prices import r4
from trading.reasons import EXIT_ASSUMED_CLOSE

FILL_COLUMNS = ("us", "symbol", "leg", "quantity", "price", "commission")
TRADE_COLUMNS = (
    "symbol",
    "side",
    "quantity",
    "entry_us",
    "entry_price",
    "exit_us",
    "exit_price",
    "exit_reason",
    "pnl",
    "pnl_pct",
    "r_multiple",
    "initial_stop",
)
DECISION_COLUMNS = (
    "us",
    "symbol",
    "reason",
    "price",
    "range_high",
    "range_low",
    "stop",
    "target_offset",
    "quantity",
    "atr",
    "equity",
)

FILLS = 0
TRADES = 1


class Tape(NamedTuple):
    """Rows of the columns above, and how many of each there are."""

    counts: Integers
    fills: Floats
    trades: Floats


def new_tape(fills: int) -> Tape:
    """Return an empty tape with room for so many fills."""
    return Tape(
        np.zeros(2, dtype=np.int64),
        np.empty((fills, len(FILL_COLUMNS)), dtype=np.float64),
        np.empty((fills, len(TRADE_COLUMNS)), dtype=np.float64),
    )


def record_fill(
    tape: Tape, us: int, s: int, leg: int, quantity: int, price: float, commission: float
) -> None:
    """Write one fill; the quantity is signed, buys positive."""
    row = tape.counts[FILLS]
    tape.fills[row, 0] = us
    tape.fills[row, 1] = s
    tape.fills[row, 2] = leg
    tape.fills[row, 3] = quantity
    tape.fills[row, 4] = price
    tape.fills[row, 5] = commission
    tape.counts[FILLS] = row + 1


def record_trade(tape: Tape, book: Book, s: int, side: int) -> None:
    """Write the trade that just became flat; side is 1 for long, -1 for short."""
    row = tape.counts[TRADES]
    trade = tape.trades[row]
    quantity = book.entry_quantity[s]
    entry_price = book.entry_price[s]
    risk = abs(entry_price - book.initial_stop[s])
    trade[0] = s
    trade[1] = side
    trade[2] = quantity
    trade[3] = book.entry_us[s]
    trade[4] = entry_price
    trade[5] = book.exit_us[s]
    trade[6] = r4(book.exit_notional[s] / book.exit_quantity[s])
    trade[7] = EXIT_ASSUMED_CLOSE if book.assumed[s] else book.exit_reason[s]
    trade[8] = book.profit[s]
    trade[9] = book.profit[s] / (entry_price * quantity)
    trade[10] = book.profit[s] / quantity / risk if risk > 0 else np.nan
    trade[11] = book.initial_stop[s]
    tape.counts[TRADES] = row + 1
