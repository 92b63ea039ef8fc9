"""The arguments that say what is run over which past bars, the same wherever bars are past."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from flows.commands.arguments import (
    add_daily_bars_argument,
    add_strategy_arguments,
    asked_strategy,
    date_argument,
    exchange_argument,
    path_argument,
    symbols_argument,
)
from flows.commands.bars.bar_format import add_bar_format_arguments, bar_format_of

if TYPE_CHECKING:
    from tasks.backtest.request import BacktestRequest


def add_past_arguments(parser: ArgumentParser, *, seed_option: str) -> None:
    """Add the arguments; `seed_option` is that of the simulated market."""
    parser.add_argument(
        "--bars", type=path_argument, metavar="PATH",
        help="Parquet or CSV file of bars, or a folder of them; without it they are simulated",
    )  # fmt: skip
    add_daily_bars_argument(parser)
    parser.add_argument(
        "--symbols", type=symbols_argument, default=(), metavar="A,B",
        help="in order of precedence; all of the file when left out",
    )  # fmt: skip
    parser.add_argument("--start", type=date_argument, metavar="YYYY-MM-DD", help="first session")
    parser.add_argument("--end", type=date_argument, metavar="YYYY-MM-DD", help="last session")
    parser.add_argument("--interval", type=int, default=5, metavar="MINUTES", help="bar length")
    parser.add_argument("--capital", type=float, default=10_000.0, metavar="USD")
    add_strategy_arguments(parser)
    parser.add_argument(
        "--exchange", type=exchange_argument, default="NYSE", help="exchange calendar"
    )
    add_bar_format_arguments(parser)
    parser.add_argument(
        "--read-again", action="store_true",
        help="read large files anew, though an earlier run kept their bars",
    )  # fmt: skip
    parser.add_argument(
        seed_option, dest="market_seed", type=int, default=1, metavar="SEED",
        help="of the simulated market",
    )  # fmt: skip


def past_request(args: Namespace) -> BacktestRequest:
    """Return what the arguments ask for; where results go, the caller says."""
    from tasks.backtest.request import BacktestRequest

    settings, module = asked_strategy(args)
    return BacktestRequest(
        bars=args.bars,
        symbols=args.symbols,
        start=args.start,
        end=args.end,
        interval_minutes=args.interval,
        capital=args.capital,
        exchange=args.exchange,
        settings=settings,
        format=bar_format_of(args),
        seed=args.market_seed,
        read_again=args.read_again,
        daily_bars=args.daily_bars,
        strategy_module=module,
    )
