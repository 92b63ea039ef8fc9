"""python -m flows validate-config: every setting and where it comes from, or what is wrong."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass, replace

from blocks.process.web_door import refuse_beyond_this_machine
from blocks.settings.app_settings import shown
from blocks.settings.checks import complaint_of_folder
from blocks.settings.reader import ReadSettings, read_settings
from blocks.settings.variables import FIELD_OF
from flows.process.saved_values import saved_values
from trading.errors import BadInput

EXIT_BAD_SETTINGS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A variable with its value and origin; what flows use instead, where a saved block differs."""

    name: str
    value: str
    origin: str
    flows_value: str | None = None
    flows_origin: str | None = None


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(args: Namespace) -> int:
    """Print every value, or each problem on a line of its own; return 0 or 2."""
    read = _with_what_others_refuse(read_settings(args.env_file))
    if args.json:
        print(json.dumps(_as_dict(read), indent=1))
    for line in read.warnings:
        print(f"warning: {line}", file=sys.stderr)
    for line in read.problems:
        print(f"error: {line}", file=sys.stderr)
    if read.settings is None:
        return EXIT_BAD_SETTINGS
    if not args.json:
        _print_rows(rows_of(read))
        print(f"valid; .env is {read.env_file or 'not there'}", file=sys.stderr)
    return 0


def _with_what_others_refuse(read: ReadSettings) -> ReadSettings:
    """Return the same with what the data folder, its accounts and the API would refuse."""
    settings = read.without_blamed().required()
    folder = settings.operations.data_dir
    complaint = complaint_of_folder(folder)
    problems = [] if complaint is None else [f"DATA_DIR: {complaint}"]
    if settings.api.api_token is None:
        try:
            refuse_beyond_this_machine(settings.api.api_host)
        except BadInput as error:
            problems.append(f"API_HOST: {error}")
    if settings.notifications.notify_urls is not None:
        # Imported here: Apprise takes two seconds.
        from blocks.messages.choose import wrong_addresses

        text = settings.notifications.notify_urls.get_secret_value()
        problems += map(str, wrong_addresses(text))
    has_accounts = complaint is None and any(folder.glob("*/ledger.duckdb"))
    if has_accounts and read.settings is not None:
        # Imported here: without an account DuckDB is not needed.
        from blocks.account.terms import complaints_of_accounts

        asked = read.settings.trading.exchange, read.settings.data.primary_provider
        problems += map(str, complaints_of_accounts(folder, *asked, is_scheduled=False))
    if not problems:
        return read
    return replace(read, settings=None, problems=(*read.problems, *problems))


def rows_of(read: ReadSettings) -> list[Row]:
    """Return a row for each variable, secrets as stars."""
    settings = read.required()
    saved = saved_values(settings.operations.data_dir)
    return [
        Row(name, shown(settings.value(field)), read.origin(name), *saved.get(field, (None, None)))
        for name, field in FIELD_OF.items()
    ]


def _print_rows(rows: list[Row]) -> None:
    wide = max(len(row.name) for row in rows)
    for row in rows:
        line = f"{row.name:<{wide}}  {row.origin:<11}  {row.value}"
        if row.flows_origin is not None and row.flows_value != row.value:
            line += f"   (flows use {row.flows_value} from {row.flows_origin})"
        print(line)


def _as_dict(read: ReadSettings) -> dict[str, object]:
    rows = [] if read.settings is None else rows_of(read)
    return {
        "valid": read.settings is not None,
        "env_file": None if read.env_file is None else str(read.env_file),
        "problems": list(read.problems),
        "warnings": list(read.warnings),
        "values": {row.name: {k: v for k, v in asdict(row).items() if k != "name"} for row in rows},
    }
