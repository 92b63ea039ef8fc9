"""openbell look-ahead-test: cut the future off, and see that the past stays."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from flows.commands.research import backtest

EXIT_LOOKS_AHEAD = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Add a backtest's arguments, and how often to cut."""
    backtest.add_arguments(parser)
    parser.add_argument("--cuts", type=int, default=20, help="random bars to cut at")


def run(args: Namespace) -> int:
    """Run the test and print its line; exit code 1 when the past depends on the future."""
    from tasks.backtest.checks import NOT_COVERED, future_line, run_look_ahead_test

    request = backtest.request_of(args)
    has_own_file = request.strategy_module is not None
    result = run_look_ahead_test(request, args.cuts, args.market_seed)
    if args.json:
        note = {"not_covered": NOT_COVERED} if has_own_file else {}
        print(json.dumps(asdict(result) | note, default=str))
    else:
        print(future_line(result, has_own_file=has_own_file))
    return 0 if result.passed else EXIT_LOOKS_AHEAD
