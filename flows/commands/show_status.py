"""openbell show-status: what an account holds and did, read from its ledger."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from flows.commands.arguments import path_argument


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--data-dir", type=path_argument, default=Path("data"), metavar="DIR")
    parser.add_argument("--account", help="paper, simulated ...; the first there is when left out")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--sql",
        metavar="QUESTION",
        help="ask the ledger instead: SELECT ..., also while it is in use",
    )


def run(args: Namespace) -> int:
    """Print the status; return the exit code."""
    from blocks.account.status import account_status, live_account, newest_account
    from blocks.health.health import check_health
    from flows.pages.status import print_health, print_status

    account = args.account or live_account(args.data_dir) or newest_account(args.data_dir)
    if args.sql is not None:
        return _print_answer(args, account)
    status = account_status(args.data_dir, account)
    health = check_health(args.data_dir, account, datetime.now(UTC)).as_dict()
    if args.json:
        print(json.dumps(status.as_dict() | {"health": health}, indent=1))
    else:
        print_status(status)
        print_health(health)
    return 0


def _print_answer(args: Namespace, account: str) -> int:
    from blocks.account.question import ask
    from blocks.account.status import plain
    from flows.pages.answer import answer_lines

    answer = ask(args.data_dir, account, args.sql)
    if args.json:
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        print(json.dumps({"account": account, "rows": plain(rows)}, indent=1, default=str))
    else:
        print("\n".join(answer_lines(answer)))
    return 0
