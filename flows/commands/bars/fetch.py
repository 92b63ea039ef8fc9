"""openbell fetch: bars of a provider into the archive, where backtests find them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import timedelta
from pathlib import Path

from blocks.providers.access import PROVIDERS, Feed
from flows.commands.arguments import (
    add_data_dir_argument,
    date_argument,
    exchange_argument,
    interval_argument,
    symbols_argument,
)

EXIT_INCOMPLETE = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--symbols", type=symbols_argument, required=True, metavar="A,B")
    parser.add_argument(
        "--start", type=date_argument, metavar="YYYY-MM-DD",
        help="first session; a week before the end when left out",
    )  # fmt: skip
    parser.add_argument(
        "--end", type=date_argument, metavar="YYYY-MM-DD", help="last session; today when left out"
    )
    parser.add_argument(
        "--interval", type=interval_argument, default=5, metavar="LENGTH",
        help="of a bar: minutes, or 1d for daily bars",
    )  # fmt: skip
    parser.add_argument(
        "--provider", choices=(*PROVIDERS, "chain"), default="chain",
        help="chain asks those of PROVIDERS that have what they need, in their order",
    )  # fmt: skip
    parser.add_argument(
        "--feed", choices=[str(feed) for feed in Feed], help="of alpaca; else ALPACA_FEED"
    )
    parser.add_argument(
        "--exchange", type=exchange_argument, default="NYSE", help="exchange calendar"
    )
    add_data_dir_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(args: Namespace) -> int:
    """Fetch what the archive lacks; return 0, or 1 when a symbol could not be had."""
    from blocks.process.clocks import SystemClock
    from blocks.providers.fetched_bars import DAY_MINUTES
    from flows.pages.progress import progress_on
    from tasks.history.fetch import HistoryRequest, failure_lines, fetch_history, lines_of
    from tasks.history.findings import notes_on_fetched

    clock = SystemClock()
    end = args.end or clock.now().date()
    request = HistoryRequest(
        symbols=args.symbols,
        start=args.start or end - timedelta(days=7),
        end=end,
        exchange=args.exchange,
        interval_minutes=args.interval,
        provider=args.provider,
        data_dir=args.data_dir,
        access=args.settings.data.access(Feed(args.feed) if args.feed else None),
    )
    with progress_on(sys.stderr, wanted=not args.quiet) as progress:
        outcome, folder = fetch_history(request, clock, progress, None if args.quiet else _tell)
    for line in failure_lines(outcome.failures):
        print(f"error: {line}", file=sys.stderr)
    if not args.quiet:
        print("\n".join(lines_of(outcome)))
        for note in notes_on_fetched(request, clock):
            print(f"note: {note}")
        if any(found.present for found in outcome.coverage):
            print(_where(folder, are_daily=request.interval_minutes == DAY_MINUTES))
    return EXIT_INCOMPLETE if outcome.failures else 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _where(folder: Path, *, are_daily: bool) -> str:
    if are_daily:
        return f"daily bars are in {folder}"
    return f"bars are in {folder}; try: openbell backtest --bars {folder}"
