"""python -m flows sync: put a verified copy of an account where copies are kept."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from flows.commands.arguments import path_argument
from trading.errors import BadInput


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--data-dir", type=path_argument, default=Path("data"), metavar="DIR")
    parser.add_argument("--account", help="paper, replay ...; the last one used when left out")


def run(args: Namespace) -> int:
    """Store a copy and print what it took; return the exit code."""
    from blocks.account_status import newest_account
    from blocks.cloud_storage import cloud_settings_of, storage_from
    from blocks.ledger import DuckDBLedger
    from blocks.ledger_copies import store_copy

    account = args.account or newest_account(args.data_dir)
    if not (args.data_dir / account / "ledger.duckdb").exists():
        raise BadInput(f"account {account!r} is not in {args.data_dir}", "Name another --account")
    storage = storage_from(cloud_settings_of(os.environ), args.data_dir)
    report = store_copy(DuckDBLedger(args.data_dir, account), storage, datetime.now(UTC))
    print(f"{storage}: {report}")
    return 0
