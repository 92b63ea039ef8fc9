"""openbell sweep: a strategy over past bars with many sets of parameters."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from flows.commands.arguments import path_argument
from flows.commands.research.past_bars import add_past_arguments, past_request
from trading.errors import BadInput

if TYPE_CHECKING:
    from tasks.sweep.request import SweepRequest


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_past_arguments(parser, seed_option="--market-seed")
    parser.add_argument(
        "--grid", action="append", default=[], metavar="NAME=VALUES",
        help="what is swept, once for each: NAME=V1,V2 or NAME=LOW:HIGH:STEP; any parameter,"
        " symbols=A+B,C or interval=5,15",
    )  # fmt: skip
    parser.add_argument(
        "--random", type=int, metavar="N", help="so many different sets of the grid, by --seed"
    )
    parser.add_argument(
        "--optuna", type=int, metavar="N",
        help="so many sets that Optuna chooses by what earlier ones came to, by --seed",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn or chosen")
    parser.add_argument(
        "--objective", default="sharpe", metavar="FIGURE", help="by which the best set is chosen"
    )
    parser.add_argument(
        "--runner", choices=("local", "dask", "ray"), default="local",
        help="who runs the sets: this process, or others (openbell docs scale-out)",
    )  # fmt: skip
    parser.add_argument("--address", metavar="ADDRESS", help="where the runner listens")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="one for each processor when left out"
    )
    parser.add_argument("--out", type=path_argument, metavar="DIR", help="folder of the results")
    parser.add_argument(
        "--trades", metavar="SET",
        help="of a finished sweep in --out: write trades, decisions and page of one set, by its"
        " set_hash or set_number",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="print sweep.json and statistics.json as one"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(args: Namespace) -> int:
    """Run the sweep, write its results and print them; return the exit code."""
    if args.out is None:
        raise BadInput("a sweep needs a folder for its results", "Give --out DIR")
    if args.trades is not None:
        return _run_set_again(args)
    from flows.pages.progress import progress_on
    from tasks.sweep.folder import OF_SWEEP
    from tasks.sweep.runners.chosen import chosen_runner
    from tasks.sweep.sweep import sweep

    request = request_of(args)
    try:
        with (
            chosen_runner(request) as runner,
            progress_on(sys.stderr, wanted=not args.quiet) as progress,
        ):
            report = sweep(request, progress, runner)
    except KeyboardInterrupt:
        if OF_SWEEP.has_parts(request.out):
            print("what is done is kept: the same command goes on where it was", file=sys.stderr)
        raise
    if args.json:
        record = {**report.as_dict(), "statistics": report.statistics}
        print(json.dumps(record, indent=2, allow_nan=False))
    elif not args.quiet:
        from flows.pages.research.sweep_figures import print_sweep

        print_sweep(report, request.out)
    return 0


def request_of(args: Namespace) -> SweepRequest:
    """Return what the arguments ask for."""
    from tasks.sweep.request import SweepRequest, objective_named, refuse_fixed

    grid = tuple(args.grid)
    refuse_fixed(grid, args.set_here)
    return SweepRequest(
        past_request(args),
        grid,
        args.out,
        random=args.random,
        optuna=args.optuna,
        seed=args.seed,
        objective=objective_named(args.objective),
        runner=args.runner,
        workers=args.workers,
        address=args.address,
    )


def _run_set_again(args: Namespace) -> int:
    from flows.pages.progress import progress_on
    from tasks.sweep.one_set import run_set_again

    if args.grid:
        raise BadInput("--trades is of a finished sweep, and --grid of a new one", "Give one")
    with progress_on(sys.stderr, wanted=not args.quiet) as progress:
        report, folder = run_set_again(args.out, args.trades, progress)
    if args.json:
        print(json.dumps(report.as_dict(), indent=2, allow_nan=False))
    elif not args.quiet:
        from flows.pages.backtest_figures import print_report

        print_report(report, folder)
    return 0
