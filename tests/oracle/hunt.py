"""Compares Openbell with the reference on many seeds: `python -m tests.oracle.hunt varied 0 2000`.

The first word is the kind of market: `random`, `damaged` or `varied`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.oracle.comparison import differences, loading_differences
from tests.oracle.damaged_markets import damaged_case
from tests.oracle.random_markets import Case, random_case
from tests.oracle.varied_markets import varied_case

KINDS: dict[str, Callable[[int], Case]] = {
    "random": random_case,
    "damaged": damaged_case,
    "varied": varied_case,
}


def main(kind: str, first: int, last: int) -> int:
    """Print the seeds that differ, and return how many do."""
    wrong = 0
    for seed in range(first, last):
        case = KINDS[kind](seed)
        found = loading_differences(case) + differences(case)
        if found:
            wrong += 1
            print(seed, *found, sep="\n    ", flush=True)
    print(f"{wrong} of {last - first} {kind} seeds differ")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])) > 0)
