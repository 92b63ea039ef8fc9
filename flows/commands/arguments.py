"""Types of arguments that several commands take; each complaint is one line with a hint."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

from blocks.process.disk_errors import refuse_odd_name
from trading.errors import BadInput
from trading.market.symbols import parse_symbols


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


def add_strategy_argument(parser: ArgumentParser) -> None:
    """Add the argument that names a strategy file of the user's own."""
    parser.add_argument(
        "--strategy-file",
        type=path_argument,
        metavar="FILE.py",
        help="a strategy of your own (docs/strategies.md); its parameters go to --set",
    )


def strategy_of(args: Namespace) -> ModuleType | None:
    """Return the user's strategy module, or None when he names none."""
    if args.strategy_file is None:
        return None
    from blocks.strategy_file import load_strategy

    return load_strategy(args.strategy_file)
