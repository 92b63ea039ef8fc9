"""How settings reach a command: as its arguments' defaults, in its hands, and for its logs."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from blocks.process.files.private_files import close_to_others, keep_private
from flows.commands.arguments import RULESET_OPTION, path_argument
from trading.errors import BadInput
from trading.market.listings import listed_elsewhere

ENV_FILE_OPTION = "--env-file"
DATA_DIR_OPTION = "--data-dir"
# An argument of a command -> the setting that is its default where the user has given one.
SETTING_OF = {
    "symbols": "trading.symbols",
    "capital": "trading.initial_capital",
    "exchange": "trading.exchange",
    "interval": "data.bar_interval",
    "data_dir": "operations.data_dir",
}
# These write to the data folder anyway, so their logs go there too.
KEEP_LOGS = frozenset(
    {"run", "fetch", "import-bars", "sync", "restore", "deliver", "halt", "flatten", "resume"}
)
# Somebody who wants to stop trading is not to be kept from it by a slip in `.env`.
ALWAYS_RUN = frozenset({"halt", "flatten", "resume", "show-status"})
# Their results are for whomever the user's own mask lets read them.
WRITES_ELSEWHERE = frozenset({"backtest", "sweep", "walk-forward"})
READS_ITSELF = frozenset({"validate-config"})


def configure(name: str, parser: ArgumentParser, arguments: list[str]) -> Namespace:
    """Return the parsed arguments: the command line wins over the settings, they over defaults."""
    _add_env_file(parser)
    if name in READS_ITSELF or {"-h", "--help"} & set(arguments):
        return parser.parse_args(arguments)
    from blocks.process.secret_mask import MASK
    from blocks.settings.reader import ReadSettings, read_settings

    folders = _values_of(DATA_DIR_OPTION, arguments)
    read: ReadSettings = read_settings(
        _env_file(arguments),
        said=_said_of_strategy(arguments),
        data_dir=path_argument(folders[-1]) if folders else None,
    )
    for line in read.warnings:
        print(f"warning: {line}", file=sys.stderr)
    if read.settings is None and name in ALWAYS_RUN:
        for line in read.problems:
            print(f"warning: {line}", file=sys.stderr)
        folder = read.environment.get("DATA_DIR") or read.file.get("DATA_DIR")
        if folder:
            parser.set_defaults(data_dir=Path(folder).expanduser())
        return parser.parse_args(arguments)
    settings = read.required()
    read.export_prefect(os.environ)
    MASK.learn(read.secrets())
    _set_defaults(parser, read)
    parsed = parser.parse_args(arguments)
    if hasattr(parsed, "set"):
        # What was written here, after what settings and ruleset say.
        parsed.set_here = parsed.set[len(settings_pairs(read.parameters())) :]
    if getattr(parsed, "strategy_file", None) is not None:
        # Settings of the strategy that is chosen otherwise are none of the file's.
        parsed.set = settings_pairs(read.parameters_of_any_strategy()) + parsed.set_here
    parsed.settings = settings
    parsed.active_ruleset = read.ruleset
    _warn_of_foreign_symbols(parsed)
    if name not in WRITES_ELSEWHERE:
        keep_private()
    if name == "run":
        close_to_others(parsed.data_dir)
    _install_logs(name, parsed)
    return parsed


def _warn_of_foreign_symbols(parsed: Namespace) -> None:
    symbols, exchange = getattr(parsed, "symbols", None), getattr(parsed, "exchange", None)
    for line in listed_elsewhere(symbols, exchange) if symbols and exchange else ():
        print(f"warning: {line}", file=sys.stderr)


def _add_env_file(parser: ArgumentParser) -> None:
    parser.add_argument(
        ENV_FILE_OPTION, type=Path, metavar="FILE", help="settings; .env when left out"
    )


def _env_file(arguments: list[str]) -> Path | None:
    """Return the file that is named, before the arguments can be parsed."""
    files = _values_of(ENV_FILE_OPTION, arguments)
    return Path(files[0]) if files else None


def _said_of_strategy(arguments: list[str]) -> dict[str, str]:
    """Return what the arguments say in the place of variables that the others depend on.

    They are looked for before the arguments can be parsed, whose defaults the settings are.
    """
    said = {}
    for ruleset in _values_of(RULESET_OPTION, arguments):
        said["ACTIVE_RULESET"] = ruleset
    has_file = any(each.startswith("--strategy-file") for each in arguments)
    for pair in [] if has_file else _values_of("--set", arguments):
        name, equals, value = pair.partition("=")
        if name.strip() == "strategy" and equals:
            said["STRATEGY"] = value.strip()
    return said


def _values_of(option: str, arguments: list[str]) -> list[str]:
    found = []
    for number, argument in enumerate(arguments):
        if argument.startswith(f"{option}="):
            found.append(argument.partition("=")[2])
        if argument == option:
            if number + 1 == len(arguments):
                raise BadInput(f"{option} names nothing", f"Write a value after {option}")
            found.append(arguments[number + 1])
    return found


def _set_defaults(parser: ArgumentParser, read: object) -> None:
    from blocks.settings.reader import ReadSettings

    assert isinstance(read, ReadSettings)
    for action in parser._actions:
        field = SETTING_OF.get(action.dest)
        if field is not None and read.is_given(field):
            action.default = read.required().value(field)
            action.required = False
        if action.dest == "set":
            action.default = settings_pairs(read.parameters())
        if action.dest == "live" and read.is_given("data.primary_provider"):
            action.default = read.required().data.primary_provider == "live"


def settings_pairs(parameters: dict[str, object]) -> list[str]:
    """Return parameters as `--set` takes them; those of the command line come after and win."""
    return [f"{name}={json.dumps(value)}" for name, value in parameters.items()]


def _install_logs(name: str, parsed: Namespace) -> None:
    from blocks.process.logs import install_logs

    settings = parsed.settings
    keeps = name in KEEP_LOGS and getattr(parsed, "data_dir", None) is not None
    # A replay that does not wait would fill the terminal with a month's orders.
    is_quiet = name != "run" or parsed.replay is not None
    level = settings.operations.log_level
    install_logs(
        parsed.data_dir if keeps else None,
        level,
        environment=settings.operations.environment,
        console=sys.stderr,
        console_level="WARNING" if is_quiet and level in ("DEBUG", "INFO") else level,
    )
