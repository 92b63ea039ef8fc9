"""openbell restore: put a verified copy in the place of an account's ledger."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flows.commands.arguments import add_data_dir_argument
from trading.errors import BadInput, OpenbellError

if TYPE_CHECKING:
    from trading.session.ports import Storage


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_data_dir_argument(parser)
    parser.add_argument("--account", help="may be left out where there are copies of one only")
    parser.add_argument("--list", action="store_true", help="show the copies, restore none")
    parser.add_argument("--version", help="one of those that --list shows; the newest if left out")
    parser.add_argument(
        "--force", action="store_true",
        help="also when the local ledger holds more; it is kept aside",
    )  # fmt: skip


def run(args: Namespace) -> int:
    """Restore, or list, and print what was done; return the exit code."""
    from blocks.copies.manifest import all_versions
    from blocks.copies.restore import restore
    from flows.commands.copies.place_of_copies import NO_COPIES, storage_of_settings

    storage = storage_of_settings(args.settings, args.data_dir)
    account = args.account or _only_account(storage)
    if args.list:
        for line in _lines(storage, account):
            print(line)
        return 0
    if not all_versions(storage, account):
        raise BadInput(
            f"{storage} has no copy of account {account!r}", f"Name another --account. {NO_COPIES}"
        )
    now = datetime.now(UTC)
    report = restore(storage, args.data_dir, account, now, version=args.version, force=args.force)
    print(f"{storage}: {report}")
    return 0


def _only_account(storage: Storage) -> str:
    accounts = sorted({name.split("/")[0] for name in storage.names("") if name.endswith(".json")})
    if len(accounts) == 1:
        return accounts[0]
    if not accounts:
        from flows.commands.copies.place_of_copies import NO_COPIES

        raise BadInput(f"{storage} has no copies", NO_COPIES)
    raise BadInput(
        f"{storage} has copies of {', '.join(accounts)}", "Name one of them with --account"
    )


def _lines(storage: Storage, account: str) -> list[str]:
    from blocks.copies.manifest import all_versions, read_manifest

    lines = []
    for version in all_versions(storage, account):
        try:
            copy = read_manifest(storage, account, version)
        except OpenbellError as error:
            lines.append(f"{version}  cannot be used: {error}")
            continue
        session = copy.last_session or "none"
        lines.append(
            f"{version}  journal row {copy.journal_seq}, last session {session},"
            f" {copy.ledger.bytes:,} bytes, Openbell {copy.openbell}"
            + (f", not whole: {copy.damage}" if copy.damage else "")
        )
    from flows.commands.copies.place_of_copies import NO_COPIES

    return lines or [f"{storage} has no copy of account {account!r}. {NO_COPIES}"]
