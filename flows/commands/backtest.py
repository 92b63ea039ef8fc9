"""python -m flows backtest: a strategy over past bars, without a server."""

from __future__ import annotations

import json
import sys
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
from flows.commands.bar_format import add_bar_format_arguments, bar_format_of

if TYPE_CHECKING:
    from tasks.backtest.request import BacktestRequest


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
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
    parser.add_argument(
        "--decisions", choices=("all", "changes", "none"), default="changes",
        help="which decisions are kept",
    )  # fmt: skip
    parser.add_argument("--out", type=path_argument, metavar="DIR", help="folder of the results")
    parser.add_argument(
        "--no-report", action="store_true", help="write no report.html beside the results"
    )
    add_strategy_arguments(parser)
    parser.add_argument(
        "--exchange", type=exchange_argument, default="NYSE", help="exchange calendar"
    )
    add_bar_format_arguments(parser)
    parser.add_argument(
        "--read-again", action="store_true",
        help="read large files anew, though an earlier run kept their bars",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of the simulated market")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(args: Namespace) -> int:
    """Run the backtest, write its results and print them; return the exit code."""
    from flows.pages.progress import progress_on
    from tasks.backtest.run import backtest

    request = request_of(args)
    with progress_on(sys.stderr, wanted=not args.quiet) as progress:
        report = backtest(request, progress)
    if args.json:
        print(json.dumps(report.as_dict(), indent=2, allow_nan=False))
    elif not args.quiet:
        from flows.pages.backtest_figures import print_report

        print_report(report, request.out)
    return 0


def request_of(args: Namespace) -> BacktestRequest:
    """Return what the arguments ask for."""
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
        decisions=args.decisions,
        out=args.out,
        format=bar_format_of(args),
        seed=args.seed,
        report=not args.no_report,
        read_again=args.read_again,
        daily_bars=args.daily_bars,
        strategy_module=module,
    )
