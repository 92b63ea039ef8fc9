"""What events change in a session's book: fills, an operator's words, money that is moved."""

from __future__ import annotations

from trading.engine.book import BASELINE, CASH, DRAWDOWN, PEAK, Book, equity
from trading.engine.book_changes import (
    apply_entry_fill,
    apply_exit_fill,
    cancel_entry,
    plan_exit,
)
from trading.engine.settle import leave_everything
from trading.engine.tapes.trade_tape import Tape, record_fill, record_trade
from trading.errors import OpenbellError
from trading.reasons import EXIT_OPERATOR, EXIT_STOP, EXIT_TARGET, FillLeg
from trading.rules import Rules
from trading.session.entry_terms import awaited_terms, fill_by, terms_of
from trading.session.events import Fill
from trading.session.orders import Leg, Order


def book_fill(
    book: Book,
    tape: Tape,
    rules: Rules,
    s: int,
    fill: Fill,
    order: Order | None,
    *,
    fires_whole: bool = True,
) -> None:
    """Book a fill of a symbol and write it on the tape; `order` is its order where it is known.

    With `fires_whole` a target that is touched has fired: what is left of it is a market exit
    (rules, section 4). At a broker it is a limit order that rests on, and so does its stop.
    Raises OpenbellError for an exit that does not fit the position.
    """
    leg = FillLeg.of(fill.leg).value
    record_fill(tape, fill.us, s, leg, fill.quantity, fill.price, fill.commission)
    if fill.leg == Leg.ENTRY:
        if order is not None and order.stop_price is not None:
            _take_terms(book, s, order)
        units = rules.tick_units
        apply_entry_fill(book, s, fill.quantity, fill.price, fill.commission, fill.us, units)
        return
    held = int(book.quantity[s])
    if held == 0 or abs(fill.quantity) > abs(held) or (fill.quantity > 0) == (held > 0):
        raise OpenbellError(
            f"fill {fill.exec_id} of {fill.quantity} {fill.symbol} does not fit the position of"
            f" {held}",
            "Halt, and compare the ledger with the exchange by hand",
        )
    if fill.leg == "stop":
        plan_exit(book, s, EXIT_STOP)
    elif fill.leg == "target":
        if fires_whole or abs(fill.quantity) == abs(held):
            plan_exit(book, s, EXIT_TARGET)
    elif fill.leg == "assumed_close":
        book.assumed[s] = True
    if apply_exit_fill(book, s, abs(fill.quantity), fill.price, fill.commission, fill.us):
        record_trade(tape, book, s, 1 if held > 0 else -1)


def _take_terms(book: Book, s: int, entry: Order) -> None:
    """Let a fill find level and protection of its own order, whatever was decided since.

    An order may fill while its cancellation is on its way; what was to take its place is then not
    entered.
    """
    terms = terms_of(entry)
    if awaited_terms(book, s) not in (None, terms):
        cancel_entry(book, s)
    fill_by(book, s, terms)


def end_entry(book: Book, s: int, order: Order) -> None:
    """Wait no more for an entry that is over; for one that was put in its place it is waited."""
    if awaited_terms(book, s) == terms_of(order):
        cancel_entry(book, s)


def resting(book: Book) -> list[int]:
    """Return the numbers of the symbols that wait for an entry at a level."""
    awaited = ((s, awaited_terms(book, s)) for s in range(len(book.pending)))
    return [s for s, terms in awaited if terms is not None and terms.level is not None]


def follow(book: Book, command: str) -> None:
    """Cancel and leave what a word asks for: `withdraw` what rests, any other all entries."""
    for s in resting(book) if command == "withdraw" else range(len(book.pending)):
        cancel_entry(book, s)
    if command in ("flatten", "leave"):
        leave_everything(book, EXIT_OPERATOR)


def resume(book: Book) -> None:
    """Count the drawdown from the equity of now, where one has halted the account."""
    if book.flags[DRAWDOWN] != 0:
        book.flags[DRAWDOWN] = 0
        book.money[PEAK] = equity(book)


def move_money(book: Book, amount: float) -> None:
    """Move money, USD, which is neither profit nor loss: peak and baseline move with it."""
    book.money[PEAK] = max(float(book.money[PEAK]), float(equity(book))) + amount
    book.money[BASELINE] += amount
    book.money[CASH] += amount
