"""openbell import-bars: the user's own files into the archive, checked on the way."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from flows.commands.arguments import (
    add_data_dir_argument,
    exchange_argument,
    path_argument,
    symbols_argument,
)
from flows.commands.bars.bar_format import add_bar_format_arguments, bar_format_of
from trading.counted import counted


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--bars", type=path_argument, required=True, metavar="PATH")
    parser.add_argument("--symbols", type=symbols_argument, default=(), metavar="A,B")
    parser.add_argument("--interval", type=int, default=5, metavar="MINUTES", help="bar length")
    parser.add_argument(
        "--exchange", type=exchange_argument, default="NYSE", help="exchange calendar"
    )
    add_bar_format_arguments(parser)
    add_data_dir_argument(parser)


def run(args: Namespace) -> int:
    """Import what is valid, say what is not; return the exit code."""
    from blocks.archive.feeds import named
    from blocks.process.clocks import SystemClock
    from flows.pages.progress import progress_on
    from tasks.history.import_files import import_bars

    file_format = bar_format_of(args)
    with progress_on(sys.stderr, wanted=True) as progress:
        done = import_bars(
            args.bars,
            tuple(args.symbols),
            args.exchange,
            args.interval,
            file_format,
            args.data_dir,
            SystemClock(),
            progress,
        )
    for note in done.notes:
        print(f"note: {note}")
    print(
        f"{counted(done.stored.added, 'bar')} added, {done.stored.revised:,} revised,"
        f" {done.stored.unchanged:,} unchanged, of {named(done.symbols)}"
    )
    print(
        f"rows left out: {done.defects.invalid:,} invalid, {done.defects.duplicate:,} duplicate,"
        f" {done.defects.outside_session:,} outside sessions"
    )
    print(f"bars are in {done.folder}; try: openbell backtest --bars {done.folder}")
    return 0
