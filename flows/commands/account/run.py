"""openbell run: trade sessions on paper, now or replayed, without a Prefect server."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from flows.commands.arguments import (
    add_daily_bars_argument,
    add_data_dir_argument,
    add_strategy_arguments,
    asked_strategy,
    exchange_argument,
    path_argument,
    symbols_argument,
)
from flows.commands.bars.bar_format import add_bar_format_arguments, bar_format_of
from trading.counted import counted
from trading.errors import BadInput

if TYPE_CHECKING:
    from flows.session.request import SessionRequest
    from trading.market.calendar import Session


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--replay", metavar="DATE[:DATE]", help="past sessions; without it the next one is awaited"
    )
    parser.add_argument(
        "--bars",
        type=path_argument,
        metavar="PATH",
        help="file of bars; without it they are simulated",
    )
    add_daily_bars_argument(parser)
    add_bar_format_arguments(parser)
    parser.add_argument(
        "--live",
        action="store_true",
        help="bars of PROVIDERS, such as Yahoo; a replay reads the archive",
    )
    parser.add_argument("--symbols", type=symbols_argument, default=(), metavar="A,B")
    parser.add_argument("--interval", type=int, default=5, metavar="MINUTES")
    parser.add_argument("--capital", type=float, default=10_000.0, metavar="USD")
    parser.add_argument(
        "--exchange", type=exchange_argument, default="NYSE", help="exchange calendar"
    )
    add_strategy_arguments(parser)
    add_data_dir_argument(parser)
    parser.add_argument("--speed", type=float, help="replayed seconds per second; at once if left")
    parser.add_argument("--seed", type=int, default=1, help="of the simulated market")
    parser.add_argument(
        "--on-shutdown",
        choices=("hold", "flatten"),
        help="when stopped in mid-session; flatten, or hold for a replay, when left out",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="decide and record, but send no order"
    )
    parser.add_argument(
        "--shadow",
        action="store_true",
        help="with a broker's account before its eyes: decide, fill as the market would have,"
        " send it nothing",
    )


def run(args: Namespace) -> int:
    """Trade until the sessions are done or a signal to end comes; return the exit code."""
    from blocks.process.stop_request import StopRequest
    from flows.pages.progress import progress_on
    from flows.session.run_account import run_account

    request = request_of(args)
    should_stop = StopRequest()
    should_stop.listen()
    with progress_on(sys.stderr, wanted=True) as show:

        def progress(session: Session, bar: int, bars: int) -> None:
            if show is not None:
                show(f"{session.date}", bar, bars)

        closed = asyncio.run(
            run_account(
                request,
                should_stop=should_stop,
                progress=progress,
                forever=args.replay is None,
            )
        )
    where = args.data_dir / request.account
    print(
        f"{counted(closed, 'session')} closed. Account {request.account} is in {where}.",
        file=sys.stderr,
    )
    if should_stop():
        print("It stopped before the end. The same command goes on from there.", file=sys.stderr)
    return 0


def request_of(args: Namespace) -> SessionRequest:
    """Return what the arguments and the settings ask for."""
    from flows.session.account.parts import PlainParts
    from flows.session.request import SessionRequest

    if args.speed is not None and not args.speed > 0:
        raise BadInput(f"--speed {args.speed:g} is not positive", "Use 60 for a minute a second")
    on_shutdown = args.settings.operations.on_shutdown if args.replay is None else "hold"
    settings, module = asked_strategy(args)
    return SessionRequest(
        parts=PlainParts(
            args.data_dir,
            args.bars,
            args.seed,
            args.live or _has_bars_of_a_broker(args),
            data=args.settings.data,
            cloud=args.settings.cloud,
            broker=args.settings.broker,
            notifications=args.settings.notifications,
            database_timeout_seconds=args.settings.operations.database_timeout_seconds,
            bars_format=bar_format_of(args),
            daily_bars=args.daily_bars,
        ),
        replay=args.replay,
        symbols=tuple(args.symbols),
        interval_minutes=args.interval,
        capital=args.capital,
        exchange=args.exchange,
        settings=settings,
        speed=args.speed,
        dry_run=args.dry_run,
        shadow=args.shadow,
        on_shutdown=args.on_shutdown or on_shutdown,
        strategy_module=module,
    )


def _has_bars_of_a_broker(args: Namespace) -> bool:
    """Return whether bars are real where nobody says whose: orders at a broker want no others."""
    is_said = args.settings.data.primary_provider is not None or args.bars is not None
    return args.replay is None and not args.settings.broker.is_mock and not is_said
