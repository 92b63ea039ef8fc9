"""python -m flows sweep: a strategy over past bars with many sets of parameters."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from flows.commands.arguments import path_argument
from flows.commands.past_bars import add_past_arguments, past_request
from trading.errors import BadInput


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
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument(
        "--objective", default="sharpe", metavar="FIGURE", help="by which the best set is chosen"
    )
    parser.add_argument(
        "--runner", choices=("local", "dask", "ray"), default="local",
        help="who runs the sets: this process, or others (docs/scale-out.md)",
    )  # fmt: skip
    parser.add_argument("--address", metavar="ADDRESS", help="where the runner listens")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="one for each processor when left out"
    )
    parser.add_argument("--out", type=path_argument, metavar="DIR", help="folder of the results")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(args: Namespace) -> int:
    """Run the sweep and write its results; return the exit code."""
    from flows.pages.progress import progress_on
    from tasks.sweep.request import SweepRequest, objective_named
    from tasks.sweep.sweep import sweep

    if args.out is None:
        raise BadInput("a sweep needs a folder for its results", "Give --out DIR")
    request = SweepRequest(
        past_request(args),
        tuple(args.grid),
        args.out,
        random=args.random,
        seed=args.seed,
        objective=objective_named(args.objective),
        runner=args.runner,
        workers=args.workers,
        address=args.address,
    )
    with progress_on(sys.stderr, wanted=not args.quiet) as progress:
        report = sweep(request, progress)
    if not args.quiet:
        print(f"{len(report.results):,} sets, {len(report.refused):,} refused: {args.out}")
    return 0
