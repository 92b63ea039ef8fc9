"""What halt, flatten and resume share: a row in the ledger that the running session takes up."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from flows.commands.arguments import add_account_arguments


def add_word_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that name the account and the reason."""
    add_account_arguments(parser)
    parser.add_argument("--reason", default="", help="shown wherever the halt shows")


def leave_word(command: str, args: Namespace) -> int:
    """Write the command to the account's ledger; return the exit code."""
    from blocks.account.operator_word import leave_word as leave

    left = leave(args.data_dir, args.account, command, args.reason, datetime.now(UTC))
    print(left.said)
    return 0
