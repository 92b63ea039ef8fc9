"""openbell note-trade: keep a person's words beside a closed trade."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from flows.commands.arguments import add_account_arguments


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_account_arguments(parser)
    parser.add_argument(
        "--trade",
        required=True,
        metavar="DATE/NUMBER",
        help="such as 2025-06-10/3, from /api/trades",
    )
    parser.add_argument("--text", required=True, help="replaces an earlier note")


def run(args: Namespace) -> int:
    """Write the note; the trade's numbers stay the ledger's. Return the exit code."""
    from blocks.account.status import live_account, newest_account
    from blocks.ledger.ledger import DuckDBLedger
    from blocks.telemetry.file import telemetry_file
    from blocks.telemetry.trades import TradeStore

    account = args.account or live_account(args.data_dir) or newest_account(args.data_dir)
    store = TradeStore(DuckDBLedger(args.data_dir, account), telemetry_file(args.data_dir, account))
    store.update_trade(args.trade, args.text)
    print(f"noted beside {args.trade} of account {account}")
    return 0
