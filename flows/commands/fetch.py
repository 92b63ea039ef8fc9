"""python -m flows fetch: bars of a provider into the archive, where backtests find them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import timedelta
from typing import TYPE_CHECKING

from flows.commands.arguments import date_argument, path_argument, symbols_argument
from flows.commands.run import DEFAULT_DATA_DIR
from trading.errors import BadInput

if TYPE_CHECKING:
    from blocks.bar_backfill import Coverage, Outcome

PROVIDERS = ("yahoo", "finnhub", "chain")
EXIT_INCOMPLETE = 1
SHOWN_GAPS = 3


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
    parser.add_argument("--interval", type=int, default=5, metavar="MINUTES", help="bar length")
    parser.add_argument(
        "--provider", choices=PROVIDERS, default="chain",
        help="chain asks yahoo, then finnhub where FINNHUB_API_KEY is set",
    )  # fmt: skip
    parser.add_argument("--exchange", default="NYSE", help="exchange calendar")
    parser.add_argument("--data-dir", type=path_argument, default=DEFAULT_DATA_DIR, metavar="DIR")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(args: Namespace) -> int:
    """Fetch what the archive lacks; return 0, or 1 when a symbol could not be had."""
    from blocks.bar_archive import BarArchive
    from blocks.bar_backfill import Backfill
    from blocks.clocks import SystemClock
    from blocks.providers import make_provider
    from flows.progress import progress_on
    from trading.calendar import sessions_between

    clock = SystemClock()
    end = args.end or clock.now().date()
    start = args.start or end - timedelta(days=7)
    sessions = sessions_between(args.exchange, start, end)
    if not sessions:
        raise BadInput(
            f"{args.exchange} has no session from {start} to {end}", "Choose a trading day"
        )
    archive = BarArchive(args.data_dir, args.interval, clock)
    provider = make_provider(args.provider, args.exchange, args.interval, clock, args.data_dir)
    try:
        with progress_on(sys.stderr, wanted=not args.quiet) as progress:
            outcome = Backfill(archive, provider, args.exchange, clock).run(
                args.symbols, sessions, progress
            )
    finally:
        provider.close()
    for symbol, failure in outcome.failures.items():
        print(f"error: {symbol}: {failure}", file=sys.stderr)
    if not args.quiet:
        print("\n".join(_lines(outcome)))
        print(
            f"bars are in {archive.folder}; try: python -m flows backtest --bars {archive.folder}"
        )
    return EXIT_INCOMPLETE if outcome.failures else 0


def _lines(outcome: Outcome) -> list[str]:
    stored = outcome.stored
    return [
        *(_line(coverage) for coverage in outcome.coverage),
        f"{stored.added} bars added, {stored.revised} revised, {stored.unchanged} unchanged;"
        f" {outcome.sessions_before} sessions were there before",
    ]


def _line(coverage: Coverage) -> str:
    came = ", ".join(f"{name} {count}" for name, count in sorted(coverage.sources.items()))
    line = f"{coverage.symbol:<8}{coverage.present} of {coverage.expected} bars"
    if came:
        line += f" ({came})"
    if coverage.missing:
        some = ", ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in coverage.missing[:SHOWN_GAPS])
        more = ", ..." if len(coverage.missing) > SHOWN_GAPS else ""
        line += f"; {len(coverage.missing)} missing: {some}{more} UTC"
    return line
