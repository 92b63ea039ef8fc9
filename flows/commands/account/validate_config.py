"""openbell validate-config: every setting and where it comes from, or what is wrong."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass, replace

from blocks.account_files import LEDGERS
from blocks.process.web.door import refuse_beyond_this_machine
from blocks.rulesets.ruleset import Ruleset
from blocks.settings.app_settings import AppSettings, shown
from blocks.settings.checks import complaint_of_folder
from blocks.settings.complaints import Origin
from blocks.settings.reader import ReadSettings, read_settings
from blocks.settings.variables import FIELD_OF
from flows.commands.arguments import RULESET_OPTION
from flows.process.saved_values import saved_values
from trading.errors import BadInput, OpenbellError
from trading.market.listings import listed_elsewhere
from trading.plan import BUILT_IN, make_plan
from trading.strategy_choice import file_of, parameters_of

EXIT_BAD_SETTINGS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A variable with its value and origin; what flows use instead, where a saved block differs.

    `instead_of` is the ruleset's value where a single variable goes before it.
    """

    name: str
    value: str
    origin: str
    flows_value: str | None = None
    flows_origin: str | None = None
    instead_of: str | None = None


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        RULESET_OPTION,
        metavar="NAME",
        help="in the place of ACTIVE_RULESET, to see what it changes",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(args: Namespace) -> int:
    """Print every value, or each problem on a line of its own; return 0 or 2."""
    named = {} if args.ruleset is None else {"ACTIVE_RULESET": args.ruleset}
    read = _with_what_others_refuse(read_settings(args.env_file, said=named))
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
        ruleset = "" if read.ruleset is None else f"; the ruleset is {read.ruleset.path}"
        print(f"valid; .env is {read.env_file or 'not there'}{ruleset}", file=sys.stderr)
    return 0


def _with_what_others_refuse(read: ReadSettings) -> ReadSettings:
    """Return the same with what data folder, accounts and API would refuse or warn of."""
    settings = read.without_blamed().required()
    folder = settings.operations.data_dir
    complaint = complaint_of_folder(folder)
    problems = [] if complaint is None else [f"DATA_DIR: {complaint}"]
    if (
        complaint is None
        and (wrong := _complaint_of_own_strategy(settings, read.ruleset)) is not None
    ):
        problems.append(f"STRATEGY: {wrong}")
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
    has_accounts = complaint is None and any(folder.glob(LEDGERS))
    if has_accounts and read.settings is not None:
        # Imported here: without an account DuckDB is not needed.
        from blocks.account.terms import complaints_of_accounts

        asked = (
            read.settings.trading.exchange,
            read.settings.data.primary_provider,
            read.settings.broker.account,
        )
        problems += map(str, complaints_of_accounts(folder, *asked, is_scheduled=False))
    foreign = listed_elsewhere(settings.trading.symbols, settings.trading.exchange)
    read = replace(read, warnings=(*read.warnings, *foreign))
    if not problems:
        return read
    return replace(read, settings=None, problems=(*read.problems, *problems))


def _complaint_of_own_strategy(
    settings: AppSettings, ruleset: Ruleset | None
) -> OpenbellError | None:
    """Say why a strategy of the user's own could not be traded with these settings."""
    name = file_of(settings.strategy)
    if name is None:
        return None
    # Imported here: few have one.
    from blocks.own_strategies import own_strategy

    operations = settings.operations
    try:
        folder = operations.strategies_folder(operations.data_dir)
        module = own_strategy(name, folder, ruleset)
        make_plan(
            settings.trading.symbols,
            parameters_of(settings.strategy),
            interval_minutes=settings.data.bar_interval,
            strategy_module=module,
        )
    except OpenbellError as error:
        return error
    return None


def rows_of(read: ReadSettings) -> list[Row]:
    """Return a row for each variable, secrets as stars; of other strategies only what is set."""
    settings = read.required()
    saved = saved_values(settings.operations.data_dir)
    return [
        replace(
            Row(name, shown(settings.value(field)), _origin(read, name), *saved.get(field, ())),
            instead_of=_of_ruleset(read, name),
        )
        for name, field in FIELD_OF.items()
        if not _is_of_another(settings, field) or read.origin(name) != Origin.DEFAULT
    ]


def _of_ruleset(read: ReadSettings, name: str) -> str | None:
    """Return what the ruleset says of a variable that is set singly, None where it says nothing."""
    said = {} if read.ruleset is None else read.ruleset.values()
    is_set = read.origin(name) != Origin.RULESET
    return shown(said[FIELD_OF[name]]) if is_set and FIELD_OF[name] in said else None


def _is_of_another(settings: AppSettings, field: str) -> bool:
    """Return whether a setting is a parameter that the chosen strategy has not."""
    group, _, name = field.partition(".")
    if group == "strategy" and settings.chosen in BUILT_IN and name != "strategy":
        return name not in BUILT_IN[settings.chosen].Parameters.model_fields
    return group in BUILT_IN and group != settings.chosen


def _origin(read: ReadSettings, name: str) -> str:
    if _is_of_another(read.required(), FIELD_OF[name]):
        return "not used"
    return read.origin(name)


def _print_rows(rows: list[Row]) -> None:
    wide = max(len(row.name) for row in rows)
    for row in rows:
        line = f"{row.name:<{wide}}  {row.origin:<11}  {row.value}"
        if row.instead_of is not None:
            line += f"   (the ruleset says {row.instead_of})"
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
        "ruleset": None if read.ruleset is None else str(read.ruleset.path),
        "values": {row.name: {k: v for k, v in asdict(row).items() if k != "name"} for row in rows},
    }
