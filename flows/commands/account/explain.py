"""openbell explain: why a symbol was or was not traded at a bar, in one line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from flows.commands.arguments import moment_argument, path_argument
from trading.errors import BadInput


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--symbol", required=True)
    parser.add_argument(
        "--at", required=True, type=moment_argument, metavar="2025-06-10T14:05Z",
        help="the START of the bar",
    )  # fmt: skip
    parser.add_argument("--data-dir", type=path_argument, metavar="DIR", help="of an account")
    parser.add_argument("--account", help="paper, simulated ...; the one used last when left out")
    parser.add_argument("--out", type=path_argument, metavar="DIR", help="of a backtest")


def run(args: Namespace) -> int:
    """Print what was decided; return the exit code."""
    from blocks.account.explanation.gate import found_in_ledger, found_in_results
    from blocks.account.explanation.line import explain
    from blocks.account.explanation.signals import signal_in_ledger, signal_in_results
    from blocks.account.explanation.strategy_words import words_in_ledger, words_in_results
    from blocks.account.explanation.universe import judged_in_ledger, judged_in_results
    from blocks.account.status import newest_account
    from trading.reasons import DATA_GATE

    if (args.data_dir is None) == (args.out is None):
        raise BadInput(
            "one of --data-dir and --out is needed",
            "Name an account's data folder, or a backtest's results",
        )
    if args.out is not None:
        signal = signal_in_results(args.out, args.symbol, args.at)
        found = found_in_results(args.out, signal)
        words, judged = words_in_results(args.out), judged_in_results(args.out, signal)
    else:
        account = args.account or newest_account(args.data_dir)
        signal = signal_in_ledger(args.data_dir, account, args.symbol, args.at)
        found = found_in_ledger(args.data_dir, account, signal)
        words = words_in_ledger(args.data_dir, account, signal)
        judged = judged_in_ledger(args.data_dir, account, signal)
    print(explain(signal, args.at, words))
    if not signal.reason.startswith(DATA_GATE):
        found = []
    for line in (*judged, *found):
        print(f"  {line}")
    return 0
