"""openbell backtest: a strategy over past bars, without a server."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from flows.commands.arguments import benchmark_argument, date_argument, path_argument
from flows.commands.research.past_bars import add_past_arguments, past_request

if TYPE_CHECKING:
    from tasks.backtest.request import BacktestRequest


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_past_arguments(parser, seed_option="--seed")
    parser.add_argument(
        "--decisions", choices=("all", "changes", "none"), default="changes",
        help="which decisions are kept",
    )  # fmt: skip
    parser.add_argument("--out", type=path_argument, metavar="DIR", help="folder of the results")
    parser.add_argument(
        "--no-report", action="store_true", help="write no report.html beside the results"
    )
    parser.add_argument(
        "--benchmark", type=benchmark_argument, metavar="SYMBOL|FILE",
        help="what buying and holding is compared: a symbol of the bars, or a file of bars or"
        " daily bars (FILE:SYMBOL of several); SPY or its like where they are traded",
    )  # fmt: skip
    parser.add_argument(
        "--out-of-sample-from", type=date_argument, metavar="YYYY-MM-DD",
        help="first session of a second part, whose figures stand beside those of the first",
    )  # fmt: skip
    parser.add_argument(
        "--tear-sheet",
        action="store_true",
        help="write QuantStats' page beside the report (extra tear-sheet)",
    )
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
    return replace(
        past_request(args),
        decisions=args.decisions,
        out=args.out,
        report=not args.no_report,
        benchmark=args.benchmark,
        out_of_sample_from=args.out_of_sample_from,
        tear_sheet=args.tear_sheet,
    )
