"""What halt, flatten and resume share: a row in the ledger that the running session takes up."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from flows.commands.arguments import path_argument


def add_word_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that name the account and the reason."""
    parser.add_argument("--data-dir", type=path_argument, default=Path("data"), metavar="DIR")
    parser.add_argument("--account", help="paper, simulated ...; the first there is when left out")
    parser.add_argument("--reason", default="", help="shown wherever the halt shows")


def leave_word(command: str, args: Namespace) -> int:
    """Write the command to the account's ledger; return the exit code."""
    from blocks.account.operator_word import leave_word as leave

    left = leave(args.data_dir, args.account, command, args.reason, datetime.now(UTC))
    print(left.said)
    return 0
