"""openbell runs: the backtests that were kept, the newest first."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from flows.commands.arguments import add_data_dir_argument, path_argument
from trading.errors import BadInput

MOST_SHOWN = 50
KEEP_ONE = "openbell backtest --out data/backtests/NAME"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "folders", nargs="*", type=path_argument, metavar="FOLDER",
        help="of runs, beside DIR/backtests",
    )  # fmt: skip
    add_data_dir_argument(parser)
    parser.add_argument(
        "--limit", type=int, default=MOST_SHOWN, metavar="N",
        help=f"so many at most, {MOST_SHOWN} when left out; 0 is all",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON array on standard output")


def run(args: Namespace) -> int:
    """Print the runs; return the exit code."""
    from blocks.results.find_runs import runs_in
    from blocks.results.kept_run import KeptRun
    from blocks.results.served import BACKTESTS
    from flows.pages.research.runs_page import run_record, runs_lines

    if args.limit < 0:
        raise BadInput(f"--limit {args.limit} is no number of runs", "Write 0 for all of them")
    home = args.data_dir / BACKTESTS
    found = runs_in([home, *args.folders])
    runs = [each for each in found if isinstance(each, KeptRun)]
    shown = runs[: args.limit or None]
    if args.json:
        print(json.dumps([run_record(each) for each in shown], indent=1, allow_nan=False))
    elif shown:
        print("\n".join(runs_lines(shown)))
        if any(each.folder.resolve().is_relative_to(home.resolve()) for each in shown):
            from flows.pages.live_page import LivePage

            place = LivePage.of(args.settings.api, args.data_dir).all_results
            print(f"Pages of those in {home}, while openbell up or openbell api runs: {place}")
        if len(shown) < len(runs):
            print(f"{len(runs) - len(shown):,} older ones are not shown. --limit 0 shows all")
    else:
        places = ", ".join(str(each) for each in (home, *args.folders))
        print(f"no run is kept in {places}. Keep one with: {KEEP_ONE}")
    for each in found:
        if not isinstance(each, KeptRun):
            print(f"warning: {each}", file=sys.stderr)
    return 0
