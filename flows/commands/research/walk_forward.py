"""openbell walk-forward: choose sets on past sessions, trade them on later ones."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from flows.commands.arguments import path_argument
from flows.commands.research.past_bars import add_past_arguments, past_request
from trading.errors import BadInput

if TYPE_CHECKING:
    from tasks.walk_forward.request import WalkRequest


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_past_arguments(parser, seed_option="--market-seed")
    parser.add_argument(
        "--grid", action="append", default=[], metavar="NAME=VALUES",
        help="what is chosen from, once for each: NAME=V1,V2 or NAME=LOW:HIGH:STEP; as of sweep",
    )  # fmt: skip
    parser.add_argument(
        "--random", type=int, metavar="N", help="so many different sets of the grid, by --seed"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument(
        "--objective", default="sharpe", metavar="FIGURE", help="by which each window chooses"
    )
    parser.add_argument(
        "--in-sample", type=int, metavar="SESSIONS", help="on how many a window chooses"
    )
    parser.add_argument(
        "--out-of-sample", type=int, metavar="SESSIONS", help="on how many its choice is traded"
    )
    parser.add_argument(
        "--step", type=int, metavar="SESSIONS",
        help="from one window to the next; as many as are traded when left out",
    )  # fmt: skip
    parser.add_argument(
        "--purge", type=int, metavar="SESSIONS",
        help="left out between the two; as many as the indicators look back when left out",
    )  # fmt: skip
    parser.add_argument(
        "--anchored", action="store_true", help="each window chooses on all sessions before it"
    )
    parser.add_argument(
        "--rolling",
        action="store_true",
        help="each window chooses on the last ones before it, as when both are left out",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="one for each processor when left out"
    )
    parser.add_argument("--out", type=path_argument, metavar="DIR", help="folder of the results")
    parser.add_argument("--json", action="store_true", help="print walk_forward.json")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(args: Namespace) -> int:
    """Walk, write the results and print them; return the exit code."""
    from flows.pages.progress import progress_on
    from tasks.walk_forward.folder import OF_WALK
    from tasks.walk_forward.run import walk

    request = request_of(args)
    try:
        with progress_on(sys.stderr, wanted=not args.quiet) as progress:
            report = walk(request, progress)
    except KeyboardInterrupt:
        if OF_WALK.has_parts(request.sweep.out):
            print("what is chosen is kept: the same command goes on with it", file=sys.stderr)
        raise
    if args.json:
        print(json.dumps(report.as_dict(), indent=2, allow_nan=False))
    elif not args.quiet:
        from flows.pages.research.walk_figures import print_walk

        print_walk(report)
    return 0


def request_of(args: Namespace) -> WalkRequest:
    """Return what the arguments ask for; raises BadInput for what is missing."""
    from tasks.sweep.request import SweepRequest, objective_named, refuse_fixed
    from tasks.walk_forward.request import WalkRequest, windows_named

    for name, example in (("in_sample", 60), ("out_of_sample", 20)):
        if getattr(args, name) is None:
            option = f"--{name.replace('_', '-')}"
            raise BadInput(
                f"{option} is missing", f"Give a number of sessions, as {option} {example}"
            )
    is_anchored = windows_named(anchored=args.anchored, rolling=args.rolling)
    if args.out is None:
        raise BadInput("a walk needs a folder for its results", "Give --out DIR")
    grid = tuple(args.grid)
    refuse_fixed(grid, args.set_here)
    sweep = SweepRequest(
        past_request(args),
        grid,
        args.out,
        random=args.random,
        seed=args.seed,
        objective=objective_named(args.objective),
        workers=args.workers,
    )
    return WalkRequest(
        sweep, args.in_sample, args.out_of_sample, is_anchored, step=args.step, purge=args.purge
    )
