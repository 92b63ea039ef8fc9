"""Types of arguments that several commands take; each complaint is one line with a hint."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks.process.files.disk_errors import refuse_odd_name
from trading.errors import BadInput
from trading.market.symbols import parse_symbols

RULESET_OPTION = "--ruleset"
DEFAULT_DATA_DIR = Path("data")


def path_argument(text: str) -> Path:
    """Return a path with the home folder spelled out."""
    if not text:
        raise BadInput("a path is empty", "Give the path of a file or folder")
    refuse_odd_name(Path(text))
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise BadInput(
            f"path {text!r} names the home of nobody", "Write the path in full"
        ) from error


def exchange_argument(text: str) -> str:
    """Return an exchange by its calendar's name, whatever case it is written in."""
    from trading.market.calendar import exchange_named

    return exchange_named(text)


def symbols_argument(text: str) -> tuple[str, ...]:
    """Return symbols from `A,B`, in that order; names with commas stand in quotes, as in CSV."""
    if any("\udc80" <= letter <= "\udcff" for letter in text):
        raise BadInput(f"symbols {text!r} are no UTF-8", "Set LANG=C.UTF-8, or write plain letters")
    symbols = parse_symbols(text)
    if not symbols:
        raise BadInput("no symbols are given", "Name at least one, such as --symbols AAPL,MSFT")
    return symbols


def benchmark_argument(text: str) -> str:
    """Return the name of a benchmark, a symbol's or a file's."""
    if not text.strip():
        raise BadInput("the benchmark is empty", "Name a symbol of the bars, or a file of bars")
    refuse_odd_name(Path(text))
    return text.strip()


def date_argument(text: str) -> date:
    """Return a date from `YYYY-MM-DD`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no date", "Write dates as 2025-06-04") from error


def interval_argument(text: str) -> int:
    """Return a bar's length in minutes from `5`, `5m` or `1d`."""
    if text.strip() == "1d":
        return 24 * 60
    minutes = text.strip().removesuffix("m")
    if not (minutes.isascii() and minutes.isdigit()):
        raise BadInput(f"--interval {text!r} is no length of a bar", "Write 5 for minutes, or 1d")
    return int(minutes)


def moment_argument(text: str) -> datetime:
    """Return an aware UTC time from ISO text that names its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no time", "Write times as 2025-06-10T14:05Z") from error
    if moment.tzinfo is None:
        raise BadInput(
            f"time {text!r} names no zone", "Write UTC as 2025-06-10T14:05Z, or an offset"
        )
    return moment.astimezone(UTC)


def add_data_dir_argument(parser: ArgumentParser) -> None:
    """Add the argument that names the folder in which everything is kept."""
    parser.add_argument(
        "--data-dir",
        type=path_argument,
        default=DEFAULT_DATA_DIR,
        metavar="DIR",
        help=f"accounts, bars and results; DATA_DIR, {DEFAULT_DATA_DIR} when left out",
    )


def add_account_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that name an account and the folder that it is in."""
    add_data_dir_argument(parser)
    parser.add_argument(
        "--account",
        help="paper, simulated ...; when left out one at a broker, else paper, else simulated,"
        " else the one used last",
    )


def add_daily_bars_argument(parser: ArgumentParser) -> None:
    """Add the argument that names daily bars, wherever intraday ones are."""
    parser.add_argument(
        "--daily-bars",
        type=path_argument,
        metavar="PATH",
        help="daily bars, such as data/bars/1d; without it they are made of the bars",
    )


def add_strategy_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that say what is traded how: a ruleset, single values, a strategy file."""
    parser.add_argument(
        RULESET_OPTION,
        metavar="NAME",
        help="a ruleset (openbell docs rulesets); what is set singly goes before it",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any parameter of strategy, risk, fills or gate, such as range_minutes=15;"
        " strategy=NAME is a built-in one or a file of STRATEGIES_DIR",
    )
    parser.add_argument(
        "--strategy-file",
        type=path_argument,
        metavar="FILE.py",
        help="a strategy of your own (openbell docs strategies); its parameters go to --set",
    )


def asked_strategy(args: Namespace) -> tuple[dict[str, Any], ModuleType | None]:
    """Return the parameters that are asked for, and the user's strategy, None for a built-in one.

    Raises BadInput for a strategy that is not there or cannot be used.
    """
    from trading.plan import parse_settings

    parameters = parse_settings(args.set)
    if args.strategy_file is not None:
        from blocks.strategy_file import load_strategy

        module = load_strategy(args.strategy_file)
        own_word = module.Parameters.model_fields["strategy"].default
        named = parameters.pop("strategy", own_word)
        if named not in (own_word, args.strategy_file.stem):
            raise BadInput(
                f"--set strategy={named} and --strategy-file {args.strategy_file} name two"
                " strategies",
                "Leave one of them out",
            )
        return parameters, module
    from trading.strategy_choice import file_of

    name = file_of(args.settings.strategy)
    if name is None:
        return parameters, None
    from blocks.own_strategies import own_strategy

    operations = args.settings.operations
    folder = operations.strategies_folder(getattr(args, "data_dir", operations.data_dir))
    # It is the file's name, of which the file need not know.
    parameters.pop("strategy", None)
    return parameters, own_strategy(name, folder, getattr(args, "active_ruleset", None))
