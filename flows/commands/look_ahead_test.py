"""python -m flows look-ahead-test: cut the future off, and see that the past stays."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from flows.commands import backtest

EXIT_LOOKS_AHEAD = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Add a backtest's arguments, and how often to cut."""
    backtest.add_arguments(parser)
    parser.add_argument("--cuts", type=int, default=20, help="random bars to cut at")


def run(args: Namespace) -> int:
    """Run the test and print its line; exit code 1 when the past depends on the future."""
    from tasks.backtest.checks import future_line, run_look_ahead_test

    result = run_look_ahead_test(backtest.request_of(args), args.cuts, args.seed)
    print(json.dumps(asdict(result), default=str) if args.json else future_line(result))
    return 0 if result.passed else EXIT_LOOKS_AHEAD
