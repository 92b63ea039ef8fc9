"""openbell parity: replay closed sessions, and say whether their journals come again."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from flows.commands.arguments import add_account_arguments, date_argument
from trading.errors import BadInput

EXIT_DIFFERS = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--session", type=date_argument, metavar="YYYY-MM-DD",
        help="replay this one now, and show what differs and each fill",
    )  # fmt: skip
    which.add_argument(
        "--last", type=_count, default=20, metavar="N",
        help="the newest N sessions; those that were replayed before are read (default 20)",
    )  # fmt: skip
    add_account_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise BadInput(f"--last {text!r} is no number of sessions", "Write it as --last 20")
    return int(text)


def run(args: Namespace) -> int:
    """Replay and print; return 0, or 1 when a journal does not follow from its bars."""
    from blocks.account.status import live_account, newest_account, plain
    from blocks.process.clocks import SystemClock
    from flows.pages.parity_page import detail_lines, parity_lines
    from tasks.parity.check import ParityRequest, check_parity, details_of
    from tasks.parity.providers import final_providers

    clock = SystemClock()
    account = args.account or live_account(args.data_dir) or newest_account(args.data_dir)
    session = None if args.session is None else args.session.isoformat()
    request = ParityRequest(args.data_dir, account, session, args.last)
    providers = final_providers(args.data_dir, args.settings.data.access(), clock)
    rows = check_parity(request, clock, providers)
    differences, fills = details_of(request) if session is not None else ([], [])
    if args.json:
        found = {
            "account": account,
            "sessions": [plain(row._asdict()) for row in rows],
            "differences": [plain(each._asdict()) for each in differences],
            "fills": [plain(fill._asdict()) for fill in fills],
        }
        print(json.dumps(found, indent=1))
    else:
        print("\n".join([*parity_lines(account, rows), *detail_lines(differences, fills)]))
    return EXIT_DIFFERS if any(row.verdict == "differs" for row in rows) else 0
