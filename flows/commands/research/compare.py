"""openbell compare: in what kept runs differ, on the terminal and as a page."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from flows.commands.arguments import add_data_dir_argument, path_argument
from trading.errors import BadInput

MOST_TRADES_SHOWN = 10


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "runs", nargs="+", metavar="RUN",
        help="a folder of results, or a run's name in DIR/backtests; the first is what the others"
        " are compared with",
    )  # fmt: skip
    add_data_dir_argument(parser)
    parser.add_argument(
        "--trades", type=int, default=MOST_TRADES_SHOWN, metavar="N",
        help=f"so many of each kind that differ at most, {MOST_TRADES_SHOWN} when left out",
    )  # fmt: skip
    parser.add_argument("--out", type=path_argument, metavar="FILE.html", help="write a page, too")


def run(args: Namespace) -> int:
    """Print the comparison and write its page; return the exit code."""
    from blocks.research_report.comparison.page import comparison_page
    from blocks.results.compared import compared_runs
    from blocks.stores.whole_file import write_whole
    from flows.pages.research.comparison_lines import comparison_lines

    if args.trades < 0:
        raise BadInput(f"--trades {args.trades} is no number of trades", "Write 0 for none")
    if args.out is not None:
        _check_page(args.out)
    runs = compared_runs(args.runs, args.data_dir)
    for line in comparison_lines(runs, args.trades, sys.stdout.encoding or "ascii"):
        print(line)
    if args.out is not None:
        # A page of an earlier comparison stays where there is no room for this one.
        write_whole(args.out, comparison_page(runs), private=False)
        print(f"open {args.out} in a browser")
    return 0


def _check_page(path: Path) -> None:
    if path.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"--out {path} is no page of HTML", "Name a file, such as compared.html")
    if path.is_dir():
        raise BadInput(f"--out {path} is a folder", "Name a file, such as compared.html")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"the folder of --out {path} is not there", "Make it, or name another")
