"""openbell halt: leave the operator's word for the session that trades."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from flows.commands.account.operator_word import add_word_arguments, leave_word


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_word_arguments(parser)


def run(args: Namespace) -> int:
    """Leave the command in the account's ledger; return the exit code."""
    return leave_word("halt", args)
