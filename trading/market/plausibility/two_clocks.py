"""Whether some days of a file run by another clock than the rest of them."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE, from_microseconds
from trading.market.plausibility.clock.clock import hours_in_words, past_the_zone
from trading.market.plausibility.clock.file_clock import FileClock
from trading.market.plausibility.clock.thin_days import thin_days
from trading.market.plausibility.clock.zones import LIKELY, moved, written_zones
from trading.market.plausibility.days import DAY_US, HALF_HOUR_US, Days, Fit, days_of, fit_of
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look
from trading.market.plausibility.sessions import other_exchange

_HOUR_US = 60 * MICROSECONDS_PER_MINUTE
# Two zones are hardly farther apart, and days of no session are.
_FARTHEST_US = 15 * _HOUR_US
# Of the days, that run by one clock or the other where there are two.
_MOST_DAYS = 0.95
# Of the days, that run from open to close where those by the other clock are measured by these.
_SOME_DAYS = 0.05
# Days of thin symbols begin and end at any time: so many one after the other are no chance.
_DAYS_OF_PROOF = 3
# Of two kinds of days each is there so often, at the least, in what the other is.
_OFTEN = 0.2
_MOST_STRETCHES = 3


@dataclass(frozen=True, slots=True)
class _TwoClocks:
    """Days of which some, `is_odd`, begin and end `by_us` (days,) later than the others.

    Those that `is_open` says may be of either kind.
    """

    clock: FileClock
    days: Days
    is_usual: NDArray[np.bool_]
    is_odd: NDArray[np.bool_]
    by_us: Integers
    is_open: NDArray[np.bool_]
    is_proven: bool = True

    @property
    def usual_by_us(self) -> int:
        """Return by how much most of the odd days are off."""
        kinds, counts = np.unique(self.by_us[self.is_odd], return_counts=True)
        return int(kinds[counts.argmax()])


def two_clocks(look: Look) -> Words | None:
    """Return the words of a file some of whose days are off by whole hours from the others.

    Not where one zone explains them all: other checks name it.
    """
    return _first(look, is_proven=True)


def perhaps_two_clocks(look: Look) -> Words | None:
    """Return the words of a file whose days are parts of sessions, and some other parts."""
    return _first(look, is_proven=False)


def _first(look: Look, *, is_proven: bool) -> Words | None:
    if not len(look.open_us) or other_exchange(look):
        return None
    for clock in (*look.clocks, *look.symbol_clocks):
        days = days_of(clock.starts_us)
        found = _found(look, clock, days) or _found_thin(look, clock, days)
        if found is None or found.is_proven != is_proven:
            continue
        zone, is_one_clock = _zone_of(found, look)
        if not is_one_clock:
            return _words(look, found, zone)
    return None


def _found(look: Look, clock: FileClock, days: Days) -> _TwoClocks | None:
    if len(days) < 2:
        return None
    fit = fit_of(look, days)
    usual_late_us, usual_over_us = _usual(fit)
    late_us, over_us = fit.late_us - usual_late_us, fit.over_us - usual_over_us
    is_usual = np.maximum(np.abs(late_us), np.abs(over_us)) < HALF_HOUR_US
    by_us = np.rint(late_us / _HOUR_US).astype(np.int64) * _HOUR_US
    rest_us = np.maximum(np.abs(late_us - by_us), np.abs(over_us - by_us))
    is_odd = (by_us != 0) & (np.abs(by_us) <= _FARTHEST_US) & (rest_us < HALF_HOUR_US)
    if not is_odd.any() or (is_usual | is_odd).mean() < _MOST_DAYS:
        return None
    is_exact = not rest_us[is_odd].any()
    if fit.is_off[is_odd].all():
        is_sign = is_proof = is_exact or max(map(len, _runs(is_odd))) >= _DAYS_OF_PROOF
    else:
        # Hours before and after sessions leave room for a clock that is off: both kinds of days
        # have to be there again and again. Parts of sessions are a sign and no proof.
        is_sign = is_exact and min(is_odd.sum(), is_usual.sum()) >= _DAYS_OF_PROOF
        is_proof = bool((fit.late_us < 0).any() and (fit.over_us > 0).any())
    is_open = np.zeros(len(days), dtype=np.bool_)
    found = _TwoClocks(clock, days, is_usual, is_odd, by_us, is_open, is_proof)
    return found if is_sign else None


def _found_thin(look: Look, clock: FileClock, days: Days) -> _TwoClocks | None:
    """Return the same of days whose first and last rows tell little."""
    thin = thin_days(look, clock, days)
    if thin is None or not thin.are_of_two_clocks:
        return None
    odd, usual = thin.is_odd, thin.is_usual
    # A day between two of the same kind is of that kind.
    decided = np.flatnonzero(odd | usual)
    after = np.searchsorted(decided, np.arange(len(days)))
    before = np.clip(np.searchsorted(decided, np.arange(len(days)), side="right") - 1, 0, None)
    kinds = odd[decided]
    is_odd, was_odd = kinds[np.minimum(after, len(decided) - 1)], kinds[before]
    is_open = ~(odd | usual) & (is_odd != was_odd)
    return _TwoClocks(clock, days, ~is_odd & ~was_odd, is_odd & was_odd, thin.by_us, is_open)


def _runs(flags: NDArray[np.bool_]) -> list[Integers]:
    """Return the numbers of flags that are set, those in a row together."""
    numbers = np.flatnonzero(flags)
    return np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)


def _usual(fit: Fit) -> tuple[int, int]:
    """Return by how much days usually begin after the open and end after the close."""
    if fit.is_right.mean() >= _SOME_DAYS:
        return 0, 0
    kinds, counts = np.unique(np.stack([fit.late_us, fit.over_us]), axis=1, return_counts=True)
    often = kinds[:, counts >= _OFTEN * counts.max()]
    are_parts = (often[0] >= 0).all() and (often[1] <= 0).all()
    # Parts of sessions begin at the open; hours before and after sessions are about equal.
    from_right = often[0] if are_parts else np.abs(often.sum(axis=0))
    late_us, over_us = often[:, from_right.argmin()].tolist()
    return late_us, over_us


def _words(look: Look, found: _TwoClocks, zone: str | None) -> Words:
    first, last = _hours_of(look, found.days, found.is_odd)
    usual_first, usual_last = _hours_of(look, found.days, found.is_usual)
    return {
        "name": found.clock.name,
        "count": f"{int(found.is_odd.sum())}",
        "of": f"{len(found.days)}",
        "days": _stretches(look, found),
        "first": first,
        "last": last,
        "city": look.zone.key.rpartition("/")[2].replace("_", " "),
        "shift": _shift(found.usual_by_us),
        "usual": f"{usual_first} to {usual_last}",
        "hint": _hint(found, zone),
    }


def _shift(by_us: int) -> str:
    return f"{hours_in_words(abs(by_us))} {'later' if by_us > 0 else 'earlier'}"


def _hours_of(look: Look, days: Days, chosen: NDArray[np.bool_]) -> tuple[str, str]:
    """Return when the first of some days begins, and when its last row does."""
    at = int(np.flatnonzero(chosen)[0])
    begin, end = (
        from_microseconds(int(us)).astimezone(look.zone)
        for us in (days.first_us[at], days.last_us[at] - days.length_us)
    )
    return f"{begin:%H:%M}", f"{end:%H:%M}"


def _stretches(look: Look, found: _TwoClocks) -> str:
    """Return the dates of odd days, those that follow one another as a stretch."""
    parts = _runs(found.is_odd)
    said = []
    for part in parts[:_MOST_STRETCHES]:
        first, last = (
            from_microseconds(int(found.days.first_us[at])).astimezone(look.zone).date()
            for at in (part[0], part[-1])
        )
        said.append(f"{first}" if first == last else f"{first} to {last}")
    more = sum(map(len, parts[_MOST_STRETCHES:]))
    either = [
        f"{from_microseconds(first_us).astimezone(look.zone).date()}"
        for first_us in found.days.first_us[found.is_open].tolist()
    ]
    perhaps = f" (and perhaps {', '.join(either[:_MOST_STRETCHES])})" if either else ""
    return ", ".join(said) + (f" and {more} more" if more else "") + perhaps


def _hint(found: _TwoClocks, zone: str | None) -> str:
    form = "" if found.clock.is_told else past_the_zone(found.clock)
    if zone is None or form is None:
        return f"Write the times of these days again, {_shift(-found.usual_by_us)}"
    how = f"--time-format '{form}' --timezone {zone}" if form else f"--timezone {zone}"
    return (
        "Put rows of these days into a file of their own, and give both files to import-bars, this"
        f" one with {how}: it puts rows of several zones into one archive"
    )


def _zone_of(found: _TwoClocks, look: Look) -> tuple[str | None, bool]:
    """Return a zone that takes the odd days to the hours of the others, None where there is none.

    With it comes whether some zone takes all days to the same hours, as one that has other summer
    times does: then they are by one clock.
    """
    clock, middle_us, fitting = found.clock, found.days.middle_us, None
    own = (ZoneInfo(clock.zone),) if clock.zone is not None else None
    off_us = np.where(found.is_odd, found.by_us, 0)
    for read_in in own or written_zones(clock.written()):
        for zone in dict.fromkeys((look.zone.key, *LIKELY)):
            by_us = moved(middle_us, read_in, ZoneInfo(zone))
            rest_us = (by_us + off_us) % DAY_US
            if len(np.unique(rest_us[found.is_odd | found.is_usual])) == 1:
                return zone, True
            if fitting is None and not rest_us[found.is_odd].any():
                fitting = zone
    return fitting, False
