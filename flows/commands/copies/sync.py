"""openbell sync: put a verified copy of an account where copies are kept."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from flows.commands.arguments import add_account_arguments


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_account_arguments(parser)


def run(args: Namespace) -> int:
    """Store a copy and print what it took; return the exit code."""
    from blocks.account.status import live_account, newest_account
    from flows.commands.copies.place_of_copies import storage_of_settings
    from tasks.sync import sync_account

    account = args.account or live_account(args.data_dir) or newest_account(args.data_dir)
    storage = storage_of_settings(args.settings, args.data_dir)
    print(sync_account(args.data_dir, account, storage))
    return 0
