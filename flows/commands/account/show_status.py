"""openbell show-status: what an account holds and did, read from its ledger."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from flows.commands.arguments import add_account_arguments
from trading.errors import BadInput

WATCH_EACH_S = 2.0
# Once a day; longer is a slip.
LONGEST_WATCH_S = 86_400.0


def seconds_argument(text: str) -> float:
    """Return between which looks so many seconds lie."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= LONGEST_WATCH_S:
        raise BadInput(
            f"--watch {text!r} is no number of seconds from 1 to {LONGEST_WATCH_S:g}",
            f"Write one, such as --watch 5, or --watch alone for {WATCH_EACH_S:g}",
        )
    return seconds


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_account_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--watch",
        nargs="?",
        type=seconds_argument,
        const=WATCH_EACH_S,
        metavar="SECONDS",
        help=f"follow it until Ctrl-C, and look so often; {WATCH_EACH_S:g} when left out",
    )
    parser.add_argument(
        "--sql",
        metavar="QUESTION",
        help="ask the ledger instead: SELECT ..., also while it is in use",
    )


def run(args: Namespace) -> int:
    """Print the status, or follow it; return the exit code."""
    if args.watch is not None:
        return _watch(args)
    from blocks.account.status import account_status, live_account, newest_account
    from blocks.health.health import check_health
    from flows.pages.status import print_health, print_status

    account = args.account or live_account(args.data_dir) or newest_account(args.data_dir)
    if args.sql is not None:
        return _print_answer(args, account)
    status = account_status(args.data_dir, account)
    health = check_health(
        args.data_dir, account, datetime.now(UTC), asked_exchange=_asked_exchange(args)
    ).as_dict()
    if args.json:
        print(json.dumps(status.as_dict() | {"health": health}, indent=1))
    else:
        print_status(status)
        print_health(health)
    return 0


def _asked_exchange(args: Namespace) -> str | None:
    """Return the exchange that the settings name, None where they name none.

    Another may be named by an argument of whatever trades the account.
    """
    settings = getattr(args, "settings", None)
    is_named = settings is not None and "exchange" in settings.trading.model_fields_set
    return settings.trading.exchange if settings is not None and is_named else None


def _watch(args: Namespace) -> int:
    if args.json or args.sql is not None:
        other = "--json" if args.json else "--sql"
        raise BadInput(f"--watch does not go with {other}", f"Leave out --watch or {other}")
    try:
        from rich.console import Console

        from blocks.account.absence import may_begin, refuse_absent
        from blocks.live.live_reader import LiveReader
        from blocks.live.source import Source
        from flows.pages.watch.watching import watch

        if args.account is not None and not may_begin(args.data_dir, args.account):
            refuse_absent(args.data_dir, args.account)
        source = Source(args.data_dir, args.account)
        settings = getattr(args, "settings", None)
        if settings is not None:
            source.settle_s = settings.data.settle_seconds
            source.asked_exchange = _asked_exchange(args)
            source.exchange = settings.trading.exchange
        watch(LiveReader(source).look, args.watch, Console())
    except KeyboardInterrupt as stopped:
        # Ctrl-C is how it ends; a signal that ends any command is a kind of its own.
        if type(stopped) is not KeyboardInterrupt:
            raise
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
