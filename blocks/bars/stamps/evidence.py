"""What a file's rows show at the borders of sessions: whether they are named by start or end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trading.errors import BadInput
from trading.market.calendar import MICROSECONDS_PER_MINUTE, from_microseconds
from trading.market.parallel import for_each

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Stamp = Literal["start", "end"]

_HOUR_US = 60 * MICROSECONDS_PER_MINUTE
# Of the rows that the fullest session has: a session with so many has a bar at each of its ends.
_COMPLETE = 0.9
# A symbol that shows the other reading in so many sessions, and this one in none, is worth a word.
_FEWEST_SESSIONS = 3
_NO_CHANCE = 10_000


@dataclass(frozen=True, slots=True)
class Keys:
    """The symbols of rows as numbers, and their stamps in microseconds UTC; arrays of (rows,)."""

    symbol: NDArray[np.integer[Any]]
    stamp_us: Integers


@dataclass(frozen=True, slots=True)
class Hours:
    """Opens and closes of sessions in microseconds, arrays of (sessions,), in order."""

    open_us: Integers
    close_us: Integers

    def session_of(self, stamp_us: Integers) -> Integers:
        """Return the last session that opens before each stamp, -1 for none."""
        return np.searchsorted(self.open_us, stamp_us, side="left").astype(np.int64) - 1


@dataclass(frozen=True)
class Evidence:
    """Which symbols have rows at the borders of which sessions; flags of (symbols, sessions).

    `before` and `after` are rows in the hour before the open and in the hour after the close;
    `with_rows` (sessions,) says in which any row lies.
    """

    symbols: tuple[str, ...]
    at_open: Flags
    at_close: Flags
    before: Flags
    after: Flags
    with_rows: Flags

    @cached_property
    def starts(self) -> Flags:
        """Return where a row is at the open and none in the hour before, as no bar's end can be."""
        return self.at_open & ~self.before

    @cached_property
    def ends(self) -> Flags:
        """Return where a row is at the close, none in the hour after it and none at the open.

        That is how bar ends lie; but so does a print at the close of a symbol whose first bar
        is missing.
        """
        return self.at_close & ~self.at_open & ~self.after

    @property
    def sessions(self) -> int:
        """Return in how many sessions any row lies."""
        return int(np.count_nonzero(self.with_rows))

    @property
    def sessions_of_starts(self) -> int:
        """Return in how many sessions any symbol speaks for starts."""
        return int(np.count_nonzero(self.starts.any(axis=0)))

    @property
    def sessions_of_ends(self) -> int:
        """Return in how many sessions any symbol speaks for ends."""
        return int(np.count_nonzero(self.ends.any(axis=0)))

    @property
    def hides_starts(self) -> bool:
        """Return whether most rows at an open have others before them, as ends could have too."""
        at_open = self.at_open.any(axis=0)
        return bool(2 * np.count_nonzero(at_open & self.before.any(axis=0)) > at_open.sum())


def find_evidence(
    blocks: Sequence[Keys], symbols: tuple[str, ...], unique: Integers, hours: Hours
) -> Evidence:
    """Return what the rows show; `unique` are all their stamps once, in order."""
    shape = (len(symbols), len(hours.open_us))
    flags = [np.zeros(shape, dtype=np.bool_) for _ in range(4)]
    first = int(unique[0]) // MICROSECONDS_PER_MINUTE
    is_near = _minutes_near_borders(unique, hours, first)
    begins = hours.open_us - _HOUR_US

    def mark(keys: Keys) -> None:
        near = np.flatnonzero(is_near[keys.stamp_us // MICROSECONDS_PER_MINUTE - first])
        stamp, symbol = keys.stamp_us[near], keys.symbol[near]
        session = np.searchsorted(begins, stamp, side="right") - 1
        opened, closed = hours.open_us[session], hours.close_us[session]
        conditions = (stamp == opened, stamp == closed, stamp < opened, stamp > closed)
        for flag, condition in zip(flags, conditions, strict=True):
            flag[symbol[condition], session[condition]] = True

    for_each(mark, blocks)
    finish = np.searchsorted(unique, hours.close_us, side="right")
    with_rows = finish > np.searchsorted(unique, hours.open_us, side="left")
    return Evidence(symbols, flags[0], flags[1], flags[2], flags[3], with_rows)


def judge(seen: Evidence, blocks: Sequence[Keys], hours: Hours) -> tuple[Stamp, tuple[str, ...]]:
    """Return what stamps are, with what has to be said about it.

    One session with a row at its open and none before it outvotes all that look like ends, for
    these may be prints at the close. Raises BadInput where both readings have what speaks for
    them: complete sessions of ends, and such a row in a file without prints at the close.
    """
    if not seen.sessions:
        return "start", ()
    if seen.starts.any():
        return "start", (*_against_starts(seen, blocks, hours), *_hidden(seen))
    few, all_of = seen.sessions_of_ends, seen.sessions
    if not few:
        return "start", _hidden(seen) or (
            "stamps are read as bar starts; no session has a row at its open or its close that"
            " would tell",
        )
    if few == 1 or 2 * few < all_of:
        which = "one session alone" if few == 1 else f"{few} of {all_of} sessions"
        return "start", (
            (
                "WARNING: stamps are read as bar starts, but a row at the close and none at the"
                f" open looks like bar ENDS, and {which} cannot tell: pass --stamp end if rows are"
                " named by their ends, --stamp start if not"
            ),
        )
    return "end", ()


def warn_of_told(seen: Evidence, told: Stamp) -> tuple[str, ...]:
    """Return what speaks against what the user says that stamps are."""
    count, all_of = seen.sessions_of_ends, seen.sessions
    if told == "start" and not seen.starts.any() and count:
        return (
            (
                f"WARNING: stamps are read as bar starts as told, but {count} of {all_of}"
                " sessions have a row at the close and none at the open, as bar ends do"
            ),
        )
    if told == "end" and seen.starts.any() and not seen.hides_starts:
        return (
            (
                f"WARNING: stamps are read as bar ends as told, but {seen.sessions_of_starts} of"
                f" {all_of} sessions have a row at the open and none before it, as bar starts do"
            ),
        )
    return ()


def _hidden(seen: Evidence) -> tuple[str, ...]:
    if not seen.hides_starts:
        return ()
    return (
        (
            "stamps are read as bar starts. Rows before the open hide whether they are ends."
            " If they are, pass --stamp end"
        ),
    )


def _against_starts(seen: Evidence, blocks: Sequence[Keys], hours: Hours) -> tuple[str, ...]:
    if not seen.sessions_of_ends:
        return ()
    ends = seen.ends & _complete(seen, blocks, hours)
    sessions = int(np.count_nonzero(ends.any(axis=0)))
    # Where sessions of starts have a row at their close too, prints at the close are usual.
    are_prints = bool((seen.starts & seen.at_close).any())
    if sessions == 1 and not are_prints:
        day = from_microseconds(int(hours.close_us[ends.any(axis=0)][0])).date()
        return (
            (
                f"WARNING: stamps are read as bar starts, but on {day} {_first(seen, ends)} has all"
                " rows to the close and none at the open, as bar ends do: if they are ends, write"
                " them to a file of their own and read it with --stamp end"
            ),
        )
    if sessions >= 2 and (not are_prints or _go_over(seen.starts, ends)):
        one, other = _first(seen, seen.starts), _first(seen, ends)
        raise BadInput(
            "stamps are bar starts by some rows and bar ends by others:"
            f" {seen.sessions_of_starts} sessions have a row at the open and none before it"
            f" ({one}), as bar starts do, and {sessions} have all rows to the close and none at"
            f" the open ({other}), as bar ends do",
            "Say --stamp start or --stamp end if all rows are named alike, or else put"
            f" {_rows_of_ends(seen, ends, hours)} into a file of their own and give both to"
            " import-bars, this one with --stamp end: the archive has starts alone",
        )
    of_symbol = np.count_nonzero(ends, axis=1)
    doubtful = np.flatnonzero((of_symbol >= _FEWEST_SESSIONS) & ~seen.starts.any(axis=1))
    if not len(doubtful):
        return ()
    worst = int(doubtful[np.argmax(of_symbol[doubtful])])
    return (
        (
            f"WARNING: stamps are read as bar starts, for {_first(seen, seen.starts)} has a row at"
            f" its open and none before it; but {seen.symbols[worst]} has a row at the close and"
            f" none at the open in {of_symbol[worst]} sessions, as bar ends do: pass --stamp end"
            " if all rows are named by their ends, --stamp start if not"
        ),
    )


def _go_over(starts: Flags, ends: Flags) -> bool:
    """Return whether some symbol's sessions are of starts up to a day, and of ends from it on.

    Or the other way round. First bars that are missing here and there lie so by chance once in
    as many times as there are ways to choose their sessions.
    """
    for symbol in np.flatnonzero(starts.any(axis=1) & ends.any(axis=1)):
        of_starts, of_ends = np.flatnonzero(starts[symbol]), np.flatnonzero(ends[symbol])
        is_parted = of_ends[0] > of_starts[-1] or of_ends[-1] < of_starts[0]
        if is_parted and math.comb(len(of_starts) + len(of_ends), len(of_ends)) >= _NO_CHANCE:
            return True
    return False


def _rows_of_ends(seen: Evidence, ends: Flags, hours: Hours) -> str:
    """Return which rows are named by their ends, where others are named by their starts."""
    if not (ends.any(axis=1) & seen.starts.any(axis=1)).any():
        return f"rows of {_first(seen, ends)}"
    of_ends, of_starts = (np.flatnonzero(flags.any(axis=0)) for flags in (ends, seen.starts))
    first, last = (from_microseconds(int(hours.close_us[of_ends[at]])).date() for at in (0, -1))
    # Where files overlap, sessions of both have a row at the open and one at the close.
    others = " and those before that are of bar ends" if (seen.starts & seen.at_close).any() else ""
    if of_ends[0] > of_starts[-1]:
        return f"rows from {first} on{others}"
    if of_ends[-1] < of_starts[0]:
        return f"rows up to {last}{others.replace('before', 'after')}"
    return f"rows of bar ends, such as those of {first},"


def _first(seen: Evidence, flags: Flags) -> str:
    symbols = [seen.symbols[number] for number in np.flatnonzero(flags.any(axis=1))]
    more = f" and {len(symbols) - 3} more" if len(symbols) > 3 else ""
    return f"{', '.join(symbols[:3])}{more}"


def _complete(seen: Evidence, blocks: Sequence[Keys], hours: Hours) -> Flags:
    """Return where a symbol has nearly as many rows as the fullest session of the file has."""
    sessions = len(hours.open_us)
    counts = np.zeros(len(seen.symbols) * sessions, dtype=np.int64)
    for keys in blocks:
        session = np.searchsorted(hours.open_us, keys.stamp_us, side="right") - 1
        inside = (session >= 0) & (keys.stamp_us <= hours.close_us[session])
        cell = keys.symbol[inside].astype(np.int64) * sessions + session[inside]
        counts += np.bincount(cell, minlength=len(counts))
    table = counts.reshape(seen.starts.shape)
    enough: Flags = table >= _COMPLETE * table.max(axis=0, initial=1)
    return enough


def _minutes_near_borders(unique: Integers, hours: Hours, first: int) -> Flags:
    """Return which minutes from `first` on lie within an hour of a border, outside the session."""
    length = int(unique[-1]) // MICROSECONDS_PER_MINUTE - first + 1
    is_near = np.zeros(length, dtype=np.bool_)
    opens = hours.open_us // MICROSECONDS_PER_MINUTE - first
    closes = hours.close_us // MICROSECONDS_PER_MINUTE - first
    for opened, closed in zip(opens.tolist(), closes.tolist(), strict=True):
        is_near[max(0, opened - 60) : max(0, opened + 1)] = True
        is_near[max(0, closed) : max(0, closed + 61)] = True
    return is_near
