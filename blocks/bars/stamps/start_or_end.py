"""Whether a file names its bars by their start or by their end, judged by the exchange calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from blocks.bars.stamps.evidence import (
    Hours,
    Integers,
    Keys,
    Stamp,
    find_evidence,
    judge,
    warn_of_told,
)
from blocks.bars.stamps.lengths import lengths_of_sessions, usual_gap
from trading.counted import counted
from trading.errors import BadInput
from trading.market.calendar import (
    MICROSECONDS_PER_MINUTE,
    from_microseconds,
    sessions_between,
    to_microseconds,
)
from trading.market.parallel import for_each

# A gap this rare is a stray row, not the interval of the bars.
_SMALLEST_SHARE_OF_GAPS = 0.01


@dataclass(frozen=True, slots=True)
class Shift:
    """How stamps become starts: as they are, or moved back by one bar of their session.

    Without `hours` nothing is moved; `interval_us` (sessions,) is how long the bars of each are.
    """

    unique: Integers
    hours: Hours | None = None
    interval_us: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def starts_of(self, unique: Integers) -> Integers:
        """Return the starts of some stamps, which are in order and each there once."""
        return unique if self.hours is None else np.unique(self.moved(unique))

    def of_file(self, unique: Integers, told_minutes: int | None) -> Shift:
        """Return the same for one file of several, of stamps in order and each there once.

        Its bars may be longer than those of the others; thin ones show no length of their own.
        """
        if self.hours is None or told_minutes is not None or len(unique) == len(self.unique):
            return self
        least = int(self.interval_us.min())
        own = usual_gap(unique, self.hours) or least
        lengths = lengths_of_sessions(unique, self.hours, max(own, least), least)
        return Shift(unique, self.hours, lengths)

    def moved(self, stamp_us: Integers) -> Integers:
        """Return the starts of bars from their stamps (rows,), microseconds UTC."""
        if self.hours is None:
            return stamp_us
        return _moved(stamp_us, self.unique, self.hours, self.interval_us)


def unique_stamps(blocks: Sequence[Integers]) -> Integers:
    """Return each stamp of the blocks once, in order.

    Nearly all stamps are whole minutes, of which a flag each says whether it is there.
    """
    filled = [stamp_us for stamp_us in blocks if len(stamp_us)]
    if not filled:
        return np.zeros(0, dtype=np.int64)
    limits = for_each(lambda stamp_us: (int(stamp_us.min()), int(stamp_us.max())), filled)
    first = min(low for low, _ in limits) // MICROSECONDS_PER_MINUTE
    last = max(high for _, high in limits) // MICROSECONDS_PER_MINUTE
    is_there = np.zeros(last - first + 1, dtype=np.bool_)

    def mark(stamp_us: Integers) -> Integers:
        """Flag the whole minutes, and return the others."""
        minute = stamp_us // MICROSECONDS_PER_MINUTE
        is_whole = minute * MICROSECONDS_PER_MINUTE == stamp_us
        minute -= first
        if is_whole.all():
            is_there[minute] = True
            return np.zeros(0, dtype=np.int64)
        is_there[minute[is_whole]] = True
        return np.unique(stamp_us[~is_whole])

    odd = np.unique(np.concatenate(for_each(mark, filled)))
    minutes = (np.flatnonzero(is_there) + first) * MICROSECONDS_PER_MINUTE
    return np.union1d(minutes, odd) if len(odd) else minutes


def find_shift(
    unique: Integers,
    blocks: Sequence[Keys],
    symbols: tuple[str, ...],
    exchange: str,
    told: Stamp | None,
    interval_minutes: int | None,
) -> tuple[Shift, tuple[str, ...]]:
    """Return how to make starts of the stamps of a whole file, and notes.

    The rows are all that the file has, whatever was asked of it: part of them would be judged
    differently; `unique` has their stamps once, in order. They are moved back by one interval
    when the user says that they are ends, or when he says nothing and the calendar does. Raises
    BadInput when they must move and no interval is found, and when rows contradict each other.
    """
    if not len(unique):
        return Shift(unique), ()
    hours = _hours(exchange, unique)
    if not len(hours.open_us):
        # Nothing to judge by, and nothing that any session could take.
        return Shift(unique), ()
    seen = find_evidence(blocks, symbols, unique, hours)
    stamp, notes = judge(seen, blocks, hours) if told is None else (told, warn_of_told(seen, told))
    if stamp == "start":
        return Shift(unique), notes
    interval = (
        interval_minutes * MICROSECONDS_PER_MINUTE
        if interval_minutes is not None
        else _interval_of_ends(unique, hours)
    )
    if interval is None:
        raise BadInput(
            "stamps are bar ends and the length of a bar cannot be found: no session has two rows",
            "Say how long a bar is with --source-interval MINUTES, or that stamps are starts with"
            " --stamp start",
        )
    lengths_us = (
        lengths_of_sessions(unique, hours, interval, interval)
        if interval_minutes is None
        else np.full(len(hours.open_us), interval)
    )
    if told is None:
        *shorter, longest = np.unique(lengths_us[seen.with_rows]) // MICROSECONDS_PER_MINUTE
        lengths = "".join(f"{minutes} or " for minutes in shorter) + counted(longest, "minute")
        notes = (
            (
                "WARNING: stamps look like bar ENDS (a row at the close and none at the open in"
                f" {seen.sessions_of_ends} of {seen.sessions} sessions): moved back by"
                f" {lengths} to bar starts; pass --stamp end to confirm or --stamp start to leave"
                " them"
            ),
        )
    return Shift(unique, hours, lengths_us), notes


def _hours(exchange: str, unique: Integers) -> Hours:
    day = timedelta(days=1)
    first, last = from_microseconds(unique[0]).date(), from_microseconds(unique[-1]).date()
    sessions = sessions_between(exchange, first - day, last + day)
    return Hours(
        np.array([to_microseconds(session.open) for session in sessions], dtype=np.int64),
        np.array([to_microseconds(session.close) for session in sessions], dtype=np.int64),
    )


def _are_in(values: Integers, ordered: Integers) -> NDArray[np.bool_]:
    where = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[where] == values
    return found


def _interval_of_ends(unique: Integers, hours: Hours) -> int | None:
    session = hours.session_of(unique)
    # The bar that ends at the close may be shorter than the others, so its gap does not count.
    inside = (session >= 0) & (unique <= hours.close_us[np.maximum(session, 0)])
    for inner in (inside & ~_are_in(unique, hours.close_us), inside):
        stamps, of = unique[inner], session[inner]
        gaps = np.diff(stamps)[np.diff(of) == 0]
        if len(gaps):
            sizes, counts = np.unique(gaps, return_counts=True)
            return int(sizes[counts >= _SMALLEST_SHARE_OF_GAPS * len(gaps)][0])
    return None


def _moved(stamp_us: Integers, unique: Integers, hours: Hours, interval_us: Integers) -> Integers:
    session = hours.session_of(stamp_us)
    interval = interval_us[np.maximum(session, 0)]
    start = stamp_us - interval
    opened, closed = hours.open_us[session], hours.close_us[session]
    inside = (session >= 0) & (stamp_us <= closed)
    if _on_grid(unique, hours, interval_us):
        last_start = opened + (closed - opened - 1) // interval * interval
        return np.where(inside & (stamp_us == closed), last_start, start)
    # Ends counted from the full hour: the first bar is the short one, and begins at the open.
    return np.where(inside, np.maximum(start, opened), start)


def _on_grid(unique: Integers, hours: Hours, interval_us: Integers) -> bool:
    session = hours.session_of(unique)
    inner = (session >= 0) & (unique < hours.close_us[session])
    offset = (unique - hours.open_us[session])[inner] % interval_us[session[inner]]
    return bool(np.count_nonzero(offset == 0) * 2 >= len(offset))
