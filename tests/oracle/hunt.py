"""Compares Openbell with the reference on many seeds: `python -m tests.oracle.hunt 0 5000`."""

from __future__ import annotations

import sys

from tests.oracle.comparison import differences, loading_differences
from tests.oracle.random_markets import random_case


def main(first: int, last: int) -> int:
    """Print the seeds that differ, and return how many do."""
    wrong = 0
    for seed in range(first, last):
        case = random_case(seed)
        found = loading_differences(case) + differences(case)
        if found:
            wrong += 1
            print(seed, *found, sep="\n    ")
    print(f"{wrong} of {last - first} seeds differ")
    return wrong


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])) > 0)
