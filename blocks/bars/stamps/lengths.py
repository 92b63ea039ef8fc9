"""How long the bars are that a file names by their ends, told by the gaps between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.bars.stamps.evidence import Hours, Integers, Keys
from trading.counted import counted
from trading.errors import BadInput
from trading.market.calendar import MICROSECONDS_PER_MINUTE

# One that is nearly all of the gaps is how long bars are, though others are shorter.
_USUAL_SHARE = 0.9
# So many gaps of a session tell its own length.
_FEWEST_GAPS = 5
# Of more rows those of some sessions are looked at.
_MOST_ROWS = 1_000_000


def usual_gap(unique: Integers, hours: Hours) -> int | None:
    """Return how far apart nearly all stamps of sessions are, None where nothing is usual."""
    gaps, _ = _gaps(unique, hours)
    if not len(gaps):
        return None
    sizes, counts = np.unique(gaps, return_counts=True)
    most = int(counts.argmax())
    return int(sizes[most]) if counts[most] >= _USUAL_SHARE * len(gaps) else None


def _gaps(unique: Integers, hours: Hours) -> tuple[Integers, Integers]:
    """Return the gaps between the stamps of each session, that before its close left out.

    With them comes the session of each.
    """
    session = hours.session_of(unique)
    inner = (session >= 0) & (unique < hours.close_us[np.maximum(session, 0)])
    stamps, of = unique[inner], session[inner]
    same = np.diff(of) == 0
    return np.diff(stamps)[same], of[1:][same]


def lengths_of_sessions(unique: Integers, hours: Hours, usual: int, least: int) -> Integers:
    """Return how long the bars of each session are, (sessions,): as usual, or by their own gaps.

    What nearly all gaps of a session are is its length, `least` or more.
    """
    lengths = np.full(len(hours.open_us), usual)
    gaps, of = _gaps(unique, hours)
    if len(gaps):
        span = int(gaps.max()) + 1
        kinds, counts = np.unique(of * span + gaps, return_counts=True)
        session, gap = kinds // span, kinds % span
        of_session = np.bincount(of, minlength=len(lengths))[session]
        tells = (of_session >= _FEWEST_GAPS) & (counts >= _USUAL_SHARE * of_session)
        tells &= gap >= least
        lengths[session[tells]] = gap[tells]
    return lengths


def refuse_longer(
    names: Sequence[str], blocks: Sequence[Keys], hours: Hours, lengths_us: Integers, where: str
) -> None:
    """Raise BadInput for a symbol of a file whose bars are longer than those of its others.

    All are moved back by `lengths_us` (sessions,), which are the shortest.
    """
    every = sum(len(keys.stamp_us) for keys in blocks) // _MOST_ROWS + 1
    rows = [_inner(keys, hours, every) for keys in blocks]
    symbol, stamp, session = (np.concatenate(columns) for columns in zip(*rows, strict=True))
    order = np.lexsort((stamp, symbol))
    symbol, stamp, session = symbol[order], stamp[order], session[order]
    same = (np.diff(symbol) == 0) & (np.diff(session) == 0)
    gap, of, at = np.diff(stamp)[same], symbol[1:][same], session[1:][same]
    if not len(gap):
        return
    longer_us = np.maximum(gap - lengths_us[at], 0)
    span = int(longer_us.max()) + 1
    kinds, counts = np.unique(of * span + longer_us, return_counts=True)
    all_of = np.bincount(of)[kinds // span]
    bad = (kinds % span > 0) & (all_of >= _FEWEST_GAPS) & (counts >= _USUAL_SHARE * all_of)
    if not bad.any():
        return
    number, more_us = divmod(int(kinds[bad][0]), span)
    short = int(lengths_us[at[of == number][0]])
    raise BadInput(
        f"rows of {names[number]} in {where} are {_minutes(short + more_us)} apart and others"
        f" {_minutes(short)}: bar ends of two lengths cannot be moved back alike",
        "Write rows of each length to a file of their own, and name the folder of these files:"
        " each file's are moved back by their own length",
    )


def _inner(keys: Keys, hours: Hours, every: int) -> tuple[Integers, Integers, Integers]:
    """Return symbols, stamps and sessions of the rows inside some sessions."""
    session = hours.session_of(keys.stamp_us)
    inner = (session >= 0) & (keys.stamp_us < hours.close_us[np.maximum(session, 0)])
    inner &= session % every == 0
    return keys.symbol[inner].astype(np.int64), keys.stamp_us[inner], session[inner]


def _minutes(microseconds: int) -> str:
    return counted(microseconds // MICROSECONDS_PER_MINUTE, "minute")
