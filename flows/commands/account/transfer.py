"""openbell transfer: money comes to an account or leaves it, between sessions."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from flows.commands.arguments import add_account_arguments
from trading.errors import BadInput


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_account_arguments(parser)
    parser.add_argument(
        "--amount",
        type=amount_argument,
        required=True,
        metavar="USD",
        help="such as 500 or -250.50; negative takes money out",
    )
    parser.add_argument("--note", default="", help="shown wherever the transfer is")


def amount_argument(text: str) -> Decimal:
    """Return an amount in USD and whole cents, not zero."""
    from trading.plan import MOST_CAPITAL

    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount == 0 or abs(amount) > Decimal(MOST_CAPITAL):
        raise BadInput(f"--amount {text!r} is no amount of money", "Write it as 500 or -250.50")
    if amount != amount.quantize(Decimal("0.01")):
        raise BadInput(f"--amount {text!r} has parts of a cent", "Write it as 500 or -250.50")
    return amount.quantize(Decimal("0.01"))


def run(args: Namespace) -> int:
    """Move the money; return the exit code."""
    from blocks.account.absence import refuse_absent
    from blocks.account.status import live_account, newest_account
    from blocks.ledger.ledger import DuckDBLedger
    from blocks.ledger.notes.broker_view import BROKER

    account = args.account or live_account(args.data_dir) or newest_account(args.data_dir)
    ledger = DuckDBLedger(args.data_dir, account)
    refuse_absent(args.data_dir, account)
    if ledger.meta(BROKER):
        raise BadInput(
            f"the money of account {account} is at its broker",
            "Move it there: what comes and goes is booked when its next session begins",
        )
    epoch = ledger.acquire_lease()
    try:
        cash = _move(ledger, epoch, args.amount, args.note)
    finally:
        ledger.give_back_lease(epoch)
        ledger.release()
    print(f"{args.amount:+,.2f} USD for account {account}, whose cash is {cash:,.2f} USD now")
    return 0


def _move(ledger: object, epoch: int, amount: Decimal, note: str) -> Decimal:
    from blocks.ledger.ledger import DuckDBLedger
    from blocks.ledger.rows import money
    from blocks.ledger.transfers import add_transfer
    from tasks.session.beginning import PlanBook
    from trading.plan import MOST_CAPITAL, make_plan

    assert isinstance(ledger, DuckDBLedger)
    sessions = ledger.sessions()
    if not sessions:
        raise BadInput(
            f"account {ledger.account} has traded no session yet",
            "Set INITIAL_CAPITAL (or --capital), which a new account begins with",
        )
    session, is_closed = sessions[-1]
    if not is_closed:
        raise BadInput(
            f"session {session} of account {ledger.account} is open",
            "Move money when it is closed; one that was left open is closed by the next run",
        )
    state = PlanBook(ledger, make_plan(("NONE",), {}), "").folded(session)
    cash = money(min(state.cash(), state.equity())) or Decimal(0)
    if cash + amount < 0:
        raise BadInput(
            f"account {ledger.account} has {cash:,.2f} USD that may leave it, not {-amount:,.2f}",
            "Take out less, or leave positions first",
        )
    if amount > 0 and state.equity() + float(amount) > MOST_CAPITAL:
        raise BadInput(
            f"account {ledger.account} would hold more than {MOST_CAPITAL:,.0f} USD",
            "Bring less: the ledger has no room for such sums",
        )
    add_transfer(ledger, epoch, session, amount, note, datetime.now(UTC))
    return (money(state.cash()) or Decimal(0)) + amount
