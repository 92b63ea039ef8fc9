"""openbell simulate: trade seeded sessions while everything around them goes wrong."""

from __future__ import annotations

import random
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from trading.counted import counted
from trading.errors import BadInput

if TYPE_CHECKING:
    from tasks.simulation.outcome import Outcome

EXIT_BROKEN = 1
DEFAULT_SESSIONS = 20
MOST_SESSIONS = 1_000_000
MOST_SEED = 2**63


def add_arguments(parser: ArgumentParser) -> None:
    """Add which sessions, which faults, and where the story goes."""
    from tasks.simulation.faults import MEANINGS

    faults = "\n".join(f"  {kind:<18} {meaning}" for kind, meaning in MEANINGS.items())
    parser.epilog = f"{parser.epilog}\n\nfaults:\n{faults}"
    parser.add_argument("--seed", type=int, help="the first session's seed; without it, a new one")
    parser.add_argument(
        "--sessions", type=int, help="how many, of one seed after another (1 with a seed, else 20)"
    )
    parser.add_argument(
        "--faults", default="all", help="kinds with commas between them, all or none; see below"
    )
    parser.add_argument(
        "--broker",
        choices=["mock", "alpaca", "both"],
        default="both",
        help="the kind of broker; of both, even seeds have the mock exchange",
    )
    parser.add_argument("--trace", type=Path, help="a file for what happened, line by line")


def run(args: Namespace) -> int:
    """Simulate, and print counts and worst values; exit code 1 when an invariant was broken."""
    from flows.simulation.drawn import Style
    from flows.simulation.world import simulate
    from tasks.simulation.faults import faults_named
    from tasks.simulation.tally import Tally

    chosen = faults_named(args.faults)
    seed = random.SystemRandom().randrange(10**9) if args.seed is None else args.seed
    sessions = args.sessions or (DEFAULT_SESSIONS if args.seed is None else 1)
    if not (0 <= seed < MOST_SEED):
        raise BadInput(f"--seed {seed} is no seed", f"Give one from 0 to {MOST_SEED - 1}")
    if args.sessions is not None and not (1 <= args.sessions <= MOST_SESSIONS):
        raise BadInput(
            f"--sessions {args.sessions} is no number of sessions",
            f"Give one from 1 to {MOST_SESSIONS:,}",
        )
    if args.trace is not None and (args.trace.is_dir() or not args.trace.parent.is_dir()):
        raise BadInput(
            f"--trace {args.trace} cannot be written", "Name a file in a folder that is there"
        )
    begun = f"{counted(sessions, 'session')} from seed {seed}"
    print(f"{begun}, faults: {args.faults}, broker: {args.broker}")
    tally = Tally()
    trace = None if args.trace is None else args.trace.open("w", encoding="utf-8")
    try:
        for number in range(seed, seed + sessions):
            outcome = simulate(number, chosen, Style(args.broker))
            tally.take(outcome)
            if trace is not None:
                trace.writelines(f"{line}\n" for line in (f"seed {number}", *outcome.story.lines))
            if outcome.broken is not None:
                _show(outcome, args)
            elif sessions > 1 and tally.sessions % 10 == 0 and sys.stderr.isatty():
                print(f"\r{tally.sessions} of {sessions}", end="", file=sys.stderr, flush=True)
    finally:
        if trace is not None:
            trace.close()
    print("\n".join(tally.lines()))
    return EXIT_BROKEN if tally.broken else 0


def _show(outcome: Outcome, args: Namespace) -> None:
    """Print what was broken, how to see it again, and what came before it."""
    assert outcome.broken is not None
    print(
        f"seed {outcome.seed} broke {outcome.broken}. Again:"
        f" openbell simulate --seed {outcome.seed} --faults {args.faults}"
        f" --broker {args.broker}"
    )
    print("\n".join(f"  {line}" for line in outcome.story.last()))
