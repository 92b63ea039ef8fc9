"""Whether the rows of a file begin with the oldest or with the newest, by the times in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from blocks.bars.headerless.values import number_of
from blocks.bars.times.forms import matched
from blocks.bars.times.halves import plain_time

_NOON = 12


def is_newest_first(days: Sequence[str], clocks: Sequence[str] | None) -> bool:
    """Return whether most rows are older than the one before them.

    `days` are times with a day, or days whose times are `clocks`. Rows of one day are compared,
    for which no order of day and month is needed; counts since 1970 as they are.
    """
    keys = [_key(day, None if clocks is None else clock) for day, clock in
            zip(days, clocks or days, strict=True)]  # fmt: skip
    later = sum(one[0] == other[0] and one[1] < other[1] for one, other in pairwise(keys))
    older = sum(one[0] == other[0] and one[1] > other[1] for one, other in pairwise(keys))
    return older > later


def _key(text: str, clock: str | None) -> tuple[str, float]:
    """Return the day as it is written, and how late in it a time is."""
    if clock is not None:
        return text, _of_day(plain_time(clock.strip()))
    found = matched(plain_time(text.strip()))
    if found is None or found["time"] is None:
        return "", number_of(text) or 0.0
    return found["date"], _of_day(found["time"] + (found["half"] or ""))


def _of_day(clock: str) -> float:
    digits = re.match(r"[\d:.]+", clock)
    parts = re.split(r"[:.]", digits[0].strip(":.")) if digits else ["0"]
    if len(parts) == 1:
        return float(parts[0])
    hour = int(parts[0])
    half = re.search("[AaPp]", clock)
    if half is not None:
        hour = hour % _NOON + (_NOON if half[0] in "Pp" else 0)
    return hour * 100 + float(parts[1]) + float(parts[2] if len(parts) > 2 else 0) / 100
