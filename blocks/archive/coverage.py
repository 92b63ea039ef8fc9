"""What the archive holds of symbols against the calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from blocks.archive.archive import BarArchive
from blocks.archive.feeds import one_feed_each
from blocks.archive.month.files import no_stored_bars
from trading.market.bars import Integers
from trading.market.calendar import Session, from_microseconds

# Bars that are looked through at once, and the first gaps of a symbol, which a person is shown.
_BARS_AT_ONCE = 200_000
_MOST_GAPS = 100


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the archive holds of a symbol against the calendar, as counts of bars.

    `present` counts those of the feed that is read, `sources` all by provider; `missing` holds
    the starts of the first absent bars, aware UTC.
    """

    symbol: str
    expected: int
    present: int
    revisions: int
    sources: dict[str, int]
    missing: tuple[datetime, ...]


def at_once(
    symbols: Sequence[str], sessions: Sequence[Session], interval_minutes: int
) -> Iterator[Sequence[str]]:
    """Yield so many symbols at a time that their bars fit into memory."""
    if not sessions:
        return
    bars = sessions[0].bar_count(interval_minutes) * len(sessions)
    count = max(1, _BARS_AT_ONCE // bars)
    for first in range(0, len(symbols), count):
        yield symbols[first : first + count]


def coverage_of(
    archive: BarArchive,
    feeds: Sequence[str],
    symbols: Sequence[str],
    sessions: Sequence[Session],
    due_us: Integers,
) -> list[Coverage]:
    """Return what the archive holds of these feeds; `due_us` are the starts of bars by now."""
    found = []
    for some in at_once(symbols, sessions, archive.interval_minutes):
        frame = archive.every_feed(some, sessions[0].open, sessions[-1].close)
        frame = frame.filter(pl.col("feed").is_in(list(feeds)))
        read = one_feed_each(frame)[0].partition_by("symbol", as_dict=True)
        every = frame.partition_by("symbol", as_dict=True)
        for symbol in some:
            mine = read.get((symbol,), no_stored_bars())
            absent = due_us[~np.isin(due_us, mine["ts"].dt.epoch("us").to_numpy())]
            sources = Counter(every.get((symbol,), mine)["source"].to_list())
            missing = tuple(map(from_microseconds, absent[:_MOST_GAPS].tolist()))
            found.append(
                Coverage(
                    symbol, len(due_us), len(due_us) - len(absent), int(mine["revisions"].sum()),
                    dict(sources), missing,
                )
            )  # fmt: skip
    return found
