"""openbell null-test: a strategy on random walks, where it must earn nothing."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import get_args

from flows.commands.arguments import add_strategy_arguments, asked_strategy, exchange_argument

EXIT_DISHONEST = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--trades", type=int, default=20_000, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", type=int, default=5, metavar="MINUTES")
    parser.add_argument(
        "--exchange", type=exchange_argument, default="NYSE", help="exchange calendar"
    )
    parser.add_argument("--json", action="store_true")
    add_strategy_arguments(parser)


def run(args: Namespace) -> int:
    """Run the test and print its line; exit code 1 when the engine earns on noise."""
    from tasks.backtest.checks import is_honest, noise_facts, noise_line, run_null_test
    from trading.plan import make_plan, strategy_in

    settings, module = asked_strategy(args)
    strategy = module or strategy_in(settings)
    target = strategy.Parameters.model_fields.get("target")
    if target is not None and "none" in get_args(target.annotation):
        # Then no bar touches both stop and target, and less is left to what the walk must tell.
        settings = {"target": "none", **settings}
    plan = make_plan(
        ("WALK",),
        settings,
        exchange=args.exchange,
        interval_minutes=args.interval,
        strategy_module=module,
    )
    result = run_null_test(plan, args.trades, args.seed)
    facts = json.dumps(noise_facts(result), allow_nan=False)
    print(facts if args.json else noise_line(result))
    return 0 if is_honest(result) else EXIT_DISHONEST
