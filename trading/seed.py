"""Numbers that seed what is drawn."""

from __future__ import annotations

from trading.errors import BadInput


def check_seed(seed: int) -> None:
    """Raise BadInput for a number that seeds nothing; any whole number from 0 up does."""
    if seed < 0:
        raise BadInput(f"seed {seed} is negative", "Use a whole number from 0 up")
