"""Whether rows of nearly all hours are busiest while the exchange is open, as all stocks are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np

from trading.market.bars import Floats, Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE
from trading.market.plausibility.clock.clock import hours_in_words, way_to_read
from trading.market.plausibility.clock.volume_by_time import some_sessions, volume_in
from trading.market.plausibility.clock.zones import LIKELY, moved, written_zones
from trading.market.plausibility.days import DAY_US, HALF_HOUR_US, days_of, fit_of
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look
from trading.market.plausibility.sessions import other_exchange

_STEP_US = 30 * MICROSECONDS_PER_MINUTE
# A day of rows begins so long before the open, in the middle of the night.
_BEFORE_OPEN_US = 18 * _STEP_US
_STEPS = DAY_US // _STEP_US
# Of a day's volume: so much more lies in the session by the zone that is right, and so much of it.
_MORE_INSIDE = 0.05
_MOST_INSIDE = 0.7
# Of the sessions that a zone moves: so many show it, and fewer than these may be odd days.
_MOST_SESSIONS = 0.8
_SESSIONS_OF_PROOF = 3
# Two zones that put so nearly the same volume into sessions are as good, and one is not the other's
# where days begin so far from the opens.
_AS_GOOD = 0.005
_FAR_US = 2 * HALF_HOUR_US
# With those next to them, where there are no more than two.
_FEW_SESSIONS = 4


@dataclass(frozen=True, slots=True)
class _Better:
    """A zone by which more of the volume lies in sessions: shares of it now and then.

    They are those of sessions that the zone moves, and `mean` is that of all: so a fixed zone and
    one with summer time are told apart.
    """

    zone: str
    by_us: int
    now: float
    then: float
    mean: float
    is_proven: bool


def busy_elsewhere(look: Look) -> Words | None:
    """Return the words of a symbol whose busiest hours are off by hours, in several sessions."""
    return _words(look, is_proven=True)


def perhaps_elsewhere(look: Look) -> Words | None:
    """Return the words of a symbol whose busiest hours are off, of rows of a session or two."""
    if len(look.open_us) > _FEW_SESSIONS:
        return None
    return _words(look, is_proven=False)


def _words(look: Look, *, is_proven: bool) -> Words | None:
    if not look.symbols or not look.goes_on_outside or other_exchange(look):
        return None
    clock = look.clocks[0]
    if any((each.zone, each.is_told) != (clock.zone, clock.is_told) for each in look.clocks):
        # Which rows were read in which zone is not known any more.
        return None
    found = _found(look)
    fitting = [
        (symbol, better)
        for symbol, better in enumerate(found)
        if better is not None and better.is_proven == is_proven
    ]
    if not fitting:
        return None
    symbol, better = fitting[0]
    is_of_all = all(one is not None and one.zone == better.zone for one in found)
    name = look.symbols[symbol]
    return {
        "symbol": name,
        "now": f"{better.now:.0%}",
        "then": f"{better.then:.0%}",
        "shift": f"{hours_in_words(abs(better.by_us))} {'early' if better.by_us > 0 else 'late'}",
        "read": f"as {clock.zone}" if clock.zone else "by the zone they carry",
        "zone": better.zone,
        "hint": way_to_read(clock, better.zone, "" if is_of_all else f"--symbols {name}"),
    }


def _found(look: Look) -> list[_Better | None]:
    """Return by symbol the zone that fits its volume better than the one it was read in."""
    chosen = some_sessions(look)
    opened, closed = look.open_us[chosen], look.close_us[chosen]
    begins = (opened[:, None] - _BEFORE_OPEN_US + np.arange(_STEPS) * _STEP_US).ravel()
    volume, _ = volume_in(look, begins, begins + _STEP_US)
    by_step = volume.reshape(len(look.symbols), len(chosen), _STEPS)
    so_far = np.zeros((*by_step.shape[:2], _STEPS + 1))
    np.cumsum(by_step, axis=2, out=so_far[:, :, 1:])
    steps = -(-(closed - opened) // _STEP_US)
    now = _share(so_far, np.zeros_like(opened), steps)
    zones = [
        (zone, by_us, _share(so_far, by_us, steps))
        for zone, by_us in _moves(look, (opened + closed) // 2)
    ]
    found = []
    for symbol in range(len(look.symbols)):
        betters = [
            better
            for zone, by_us, share in zones
            if (better := _better(zone, by_us, now[symbol], share[symbol])) is not None
        ]
        best = max(betters, key=lambda better: better.mean, default=None)
        if best is not None:
            means = {zone: _mean(share[symbol]) for zone, _, share in zones}
            best = _at_opens(look, best, means)
        found.append(best)
    return found


def _mean(share: Floats) -> float:
    known = share[np.isfinite(share)]
    return float(known.mean()) if len(known) else 0.0


def _at_opens(look: Look, best: _Better, means: Mapping[str, float]) -> _Better:
    """Return the best zone, or one that is as good and lets the days begin at the opens.

    Rows of mornings alone lie in sessions by several zones.
    """
    days = days_of(look.clocks[0].starts_us)
    if not len(days):
        return best
    middle_us = (look.open_us + look.close_us) // 2
    late: dict[str, float] = {}
    for zone, by_us in _moves(look, days.middle_us):
        if means.get(zone, 0.0) >= best.mean - _AS_GOOD:
            fit = fit_of(look, days, by_us)
            late.setdefault(zone, float(np.median(np.abs(fit.late_us))))
    nearest = min(late, key=lambda zone: late[zone], default=best.zone)
    if nearest == best.zone or late[nearest] > HALF_HOUR_US or late.get(best.zone, 0) < _FAR_US:
        return best
    by_us = next(by_us for zone, by_us in _moves(look, middle_us) if zone == nearest)
    kinds, counts = np.unique(by_us, return_counts=True)
    return replace(best, zone=nearest, by_us=int(kinds[counts.argmax()]))


def _moves(look: Look, middle_us: Integers) -> Iterator[tuple[str, Integers]]:
    """Yield by how much rows of sessions would move in other zones, of those that move any."""
    clock = look.clocks[0]
    own = (ZoneInfo(clock.zone),) if clock.zone is not None else written_zones(clock.written())
    for read_in in own:
        for zone in dict.fromkeys((look.zone.key, *LIKELY)):
            by_us = moved(middle_us, read_in, ZoneInfo(zone))
            if by_us.any():
                yield zone, by_us


def _share(so_far: Floats, by_us: Integers, steps: Integers) -> Floats:
    """Return the share of a day's volume in its session (symbols, sessions), once rows are moved.

    NaN for a day without volume, and for a session that would lie outside its day.
    """
    begin = (_BEFORE_OPEN_US - by_us) // _STEP_US
    end = begin + steps
    is_known = (begin >= 0) & (end <= _STEPS)
    rows = np.arange(len(begin))
    inside = (
        so_far[:, rows, np.where(is_known, end, 0)] - so_far[:, rows, np.where(is_known, begin, 0)]
    )
    total = so_far[:, :, -1]
    return np.where(is_known & (total > 0), inside / np.where(total > 0, total, 1.0), np.nan)


def _better(zone: str, by_us: Integers, now: Floats, then: Floats) -> _Better | None:
    known = np.isfinite(now) & np.isfinite(then)
    moves = known & (by_us != 0)
    count = int(np.count_nonzero(moves))
    if not count:
        return None
    shows = (then >= now + _MORE_INSIDE) & (then >= _MOST_INSIDE) & moves
    if np.count_nonzero(shows) < _MOST_SESSIONS * count:
        return None
    kinds, counts = np.unique(by_us[shows], return_counts=True)
    return _Better(
        zone,
        int(kinds[counts.argmax()]),
        float(np.median(now[shows])),
        float(np.median(then[shows])),
        float(then[known].mean()),
        count >= _SESSIONS_OF_PROOF,
    )
