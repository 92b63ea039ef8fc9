"""openbell deliver: send the messages that ended sessions left in their outboxes."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.account_files import LEDGERS
from flows.commands.arguments import add_data_dir_argument
from trading.counted import counted

if TYPE_CHECKING:
    from blocks.messages.settings import NotificationSettings
    from blocks.settings.app_settings import AppSettings

# Something waits still; who started this tries again later.
EXIT_WAITS = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_data_dir_argument(parser)
    parser.add_argument("--account", help="one of them; all of the folder when left out")


def run(args: Namespace) -> int:
    """Send what waits, an account after another; return 3 where something waits still."""
    from blocks.account.absence import refuse_absent
    from blocks.messages.choose import channels_of
    from blocks.messages.deliver import deliver, has_letters
    from blocks.process.stop_request import StopRequest
    from trading.errors import OpenbellError

    found = sorted(path.parent.name for path in args.data_dir.glob(LEDGERS))
    if args.account:
        refuse_absent(args.data_dir, args.account)
    accounts = [args.account] if args.account else found
    should_stop, code = StopRequest(), 0
    should_stop.listen()
    settings: NotificationSettings | None = None
    for account in accounts:
        try:
            if not has_letters(args.data_dir, account):
                continue
            settings = settings or _notifications(args.settings, args.data_dir)
            channels, wrong = channels_of(settings)
            for error in wrong:
                print(f"warning: {error}", file=sys.stderr)
            wanted = settings.wanted_kinds()
            left = deliver(args.data_dir, account, channels, wanted, should_stop)
        except OpenbellError as error:
            # Locked, damaged or of a newer version: the other accounts' messages go all the same.
            print(f"{account}: {error}", file=sys.stderr)
            code = EXIT_WAITS
            continue
        if left.is_traded:
            print(f"{account}: it is traded now, and its session sends what waits")
        else:
            before = counted(left.before, "message")
            print(f"{account}: {before} waited to be sent, still waiting: {left.waiting:,}")
        if left.waiting or left.is_traded:
            code = EXIT_WAITS
    if settings is None and not code:
        print(f"Nothing waits to be sent in {args.data_dir}.")
    return code


def _notifications(settings: AppSettings, data_dir: Path) -> NotificationSettings:
    """Return what sessions go by: a webhook saved in Prefect, where its server answers."""
    from flows.process.saved_values import join_server

    if not join_server(data_dir):
        return settings.notifications
    import httpx

    from flows.session.account.saved_parts import saved_parts

    try:
        return asyncio.run(saved_parts(str(data_dir), None, settings)).notifications
    except httpx.HTTPError:
        return settings.notifications
