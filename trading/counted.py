"""How many of something there are, as every page, line and message says it."""

from __future__ import annotations

from collections.abc import Sequence


def counted(count: int, noun: str, none: str = "0") -> str:
    """Return such as `1 session` or `8,192 bars`; `none` is how nothing of it is called."""
    return f"{f'{count:,}' if count else none} {noun}{'' if count == 1 else 's'}"


def first_of(names: Sequence[str], most: int) -> str:
    """Return the first names of a list, and how many more there are where that is too long."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"
