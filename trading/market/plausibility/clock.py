"""Whether a file's rows run when an exchange is open, or are off by hours as in another zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE, from_microseconds
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import DAY_US, FileClock, Look
from trading.market.plausibility.sessions import other_exchange
from trading.market.plausibility.zones import LIKELY, WRITTEN_WITH, is_fixed, moved

# Days of rows are told apart by a night without any.
_NIGHT_US = DAY_US // 4
_LONGEST_DAY_US = DAY_US - _NIGHT_US // 2
_HALF_HOUR_US = 30 * MICROSECONDS_PER_MINUTE
_LONGEST_BAR_MINUTES = 60
# Of a file's days: so many show a zone that is wrong for all of them, and so few may be odd in one
# that is right.
_MOST_DAYS = 0.5
_FEW_DAYS = 0.02
_RIGHT_DAYS = 0.95
_FEWEST_DAYS = 2
_WRITE_AGAIN = "Write the times again without a zone"


@dataclass(frozen=True, slots=True)
class _Days:
    """The first start and the last end of rows by day, microseconds; arrays of (days,)."""

    first_us: Integers
    last_us: Integers
    length_us: int

    def __len__(self) -> int:
        return len(self.first_us)

    @property
    def middle_us(self) -> Integers:
        """Return the middle of each day's rows."""
        return (self.first_us + self.last_us) // 2


@dataclass(frozen=True, slots=True)
class _Fit:
    """How days of rows lie to the sessions next to them; arrays of (days,).

    `late_us` is by how much the first row begins after the open, and `over_us` by how much the
    last ends after the close.
    """

    late_us: Integers
    over_us: Integers
    tolerance_us: int

    @property
    def is_off(self) -> NDArray[np.bool_]:
        """Return where rows lack one end of the session and go on beyond the other."""
        least = self.tolerance_us
        is_late = (self.late_us >= least) & (self.over_us >= least)
        is_early = (self.late_us <= -least) & (self.over_us <= -least)
        off: NDArray[np.bool_] = is_late | is_early
        return off

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Return where rows run from about the open to about the close."""
        farthest = np.maximum(np.abs(self.late_us), np.abs(self.over_us))
        right: NDArray[np.bool_] = farthest < self.tolerance_us
        return right

    @property
    def is_moved(self) -> NDArray[np.bool_]:
        """Return where both ends are off by the same."""
        same: NDArray[np.bool_] = np.abs(self.late_us - self.over_us) < self.tolerance_us
        return self.is_off & same


@dataclass(frozen=True, slots=True)
class _Shift:
    """A file whose days are off, and the zone that puts them right: for all that is known."""

    clock: FileClock
    days: _Days
    fit: _Fit
    zone: str | None
    is_proven: bool


def wrong_zone(look: Look) -> Words | None:
    """Return the words of a file whose zone is wrong, and of the one that puts its days right."""
    found = next((shift for shift in _shifts(look) if shift.is_proven), None)
    return None if found is None else _words(look, found)


def odd_clock(look: Look) -> Words | None:
    """Return the words of a file whose days are off without a zone that puts all of them right.

    Of another exchange's bars another check speaks.
    """
    found = next((shift for shift in _shifts(look) if not shift.is_proven), None)
    if found is None or (other_exchange(look) and not _is_as_long(look, found.days)):
        return None
    return _words(look, found)


def _shifts(look: Look) -> tuple[_Shift, ...]:
    return tuple(shift for clock in look.clocks for shift in _shift_of(look, clock))


def _shift_of(look: Look, clock: FileClock) -> Iterator[_Shift]:
    days = _days_of(clock.starts_us)
    if not len(days) or not len(look.open_us):
        return
    fit = _fit(look, days)
    share = fit.is_off.mean()
    if not share:
        return
    zone, best = _best_zone(look, clock, days)
    if best is not None and best.is_off.mean() <= _FEW_DAYS:
        is_right = bool(best.is_right.mean() >= _RIGHT_DAYS)
        if is_right or share >= _MOST_DAYS:
            yield _Shift(clock, days, fit, zone, is_proven=is_right)
            return
    moved_days = int(np.count_nonzero(fit.is_moved))
    if share >= _MOST_DAYS or (moved_days >= _FEWEST_DAYS and moved_days > _FEW_DAYS * len(days)):
        helps = best is not None and best.is_off.sum() * 4 < fit.is_off.sum()
        yield _Shift(clock, days, fit, zone if helps else None, is_proven=False)


def _is_as_long(look: Look, days: _Days) -> bool:
    """Return whether rows run as long as a session does, or nearly all day."""
    length = float(np.median(days.last_us - days.first_us))
    session = float(np.median(look.close_us - look.open_us))
    return abs(length - session) < _HALF_HOUR_US or length > DAY_US / 2


def _days_of(starts_us: Integers) -> _Days:
    if not len(starts_us):
        return _Days(starts_us, starts_us, 0)
    gaps = np.diff(starts_us)
    begins = np.flatnonzero(np.concatenate([[True], gaps >= _NIGHT_US]))
    ends = np.concatenate([begins[1:] - 1, [len(starts_us) - 1]])
    minutes = (gaps // MICROSECONDS_PER_MINUTE)[gaps < _NIGHT_US]
    usual = int(np.bincount(minutes).argmax()) if len(minutes) else 0
    length_us = max(1, usual) * MICROSECONDS_PER_MINUTE
    first, last = starts_us[begins], starts_us[ends] + length_us
    # Rows around the clock have no days, and a lone row tells nothing.
    is_day = (last - first <= _LONGEST_DAY_US) & (ends > begins)
    if usual > _LONGEST_BAR_MINUTES:
        is_day[:] = False
    return _Days(first[is_day], last[is_day], length_us)


def _fit(look: Look, days: _Days, by_us: Integers | int = 0) -> _Fit:
    middle = (look.open_us + look.close_us) // 2
    session = np.searchsorted((middle[:-1] + middle[1:]) // 2, days.middle_us + by_us)
    # A bar that is named by its end is off by its own length, and that is not the zone's doing.
    tolerance = _HALF_HOUR_US + (days.length_us if days.length_us >= _HALF_HOUR_US else 0)
    return _Fit(
        days.first_us + by_us - look.open_us[session],
        days.last_us + by_us - look.close_us[session],
        tolerance,
    )


def _best_zone(look: Look, clock: FileClock, days: _Days) -> tuple[str | None, _Fit | None]:
    """Return the zone with the fewest days off and most right, and how days lie in it."""
    written = WRITTEN_WITH if clock.zone is None else (clock.zone,)
    best: tuple[str | None, _Fit | None] = None, None
    fewest = (len(days) + 1, 0)
    for read_in in written:
        for zone in dict.fromkeys((look.zone.key, *LIKELY)):
            if zone == read_in:
                continue
            fit = _fit(look, days, moved(days.middle_us, ZoneInfo(read_in), ZoneInfo(zone)))
            rank = (int(fit.is_off.sum()), -int(fit.is_right.sum()))
            if rank < fewest:
                best, fewest = (zone, fit), rank
    return best


def _words(look: Look, shift: _Shift) -> Words:
    off = shift.fit.is_off
    by_us = _usual(shift.fit.late_us[off])
    first = shift.days.first_us[off]
    shown = first[shift.fit.late_us[off] == by_us][0]
    at = int(np.flatnonzero(shift.days.first_us == shown)[0])
    last = from_microseconds(shift.days.last_us[at] - shift.days.length_us).astimezone(look.zone)
    begin = from_microseconds(shown).astimezone(look.zone)
    city = look.zone.key.rpartition("/")[2].replace("_", " ")
    count, of = int(off.sum()), len(shift.days)
    if count >= _RIGHT_DAYS * of:
        which = "every session"
        if not (shift.fit.late_us[off] == by_us).all():
            which += f", such as that of {begin.date()},"
    else:
        which = f"{count} of {of} sessions, such as that of {begin.date()},"
    read = f"read as {shift.clock.zone}" if shift.clock.zone else "read by the zone they carry"
    if shift.clock.zone and is_fixed(ZoneInfo(shift.clock.zone)):
        read += ", which is the same all year"
    zone = shift.zone
    if zone is None:
        fits, hint = "no zone puts them right", "Check the zone that times are written in"
    elif shift.clock.is_told:
        fits, hint = f"their clock fits {zone}", f"Use --timezone {zone}"
    else:
        fits = f"their clock fits {zone}"
        form = _past_the_zone(shift.clock.example)
        how = f"Read past the zone with --time-format '{form}'" if form else _WRITE_AGAIN
        hint = f"{how} and use --timezone {zone}"
    return {
        "name": shift.clock.name,
        "which": which,
        "first": f"{begin:%H:%M}",
        "last": f"{last:%H:%M}",
        "city": city,
        "shift": f"{_hours(abs(by_us))} {'late' if by_us > 0 else 'early'}",
        "read": read,
        "fits": fits,
        "hint": hint,
    }


def _past_the_zone(example: str) -> str | None:
    """Return a format of times that takes the UTC behind them for letters; None for other times."""
    found = re.fullmatch(
        r"\d{4}-\d{2}-\d{2}([T ])\d{2}:\d{2}(:\d{2})?( ?(?:Z|UTC|\+00:?00))", example
    )
    if found is None:
        return None
    return f"%Y-%m-%d{found[1]}%H:%M{':%S' if found[2] else ''}{found[3]}"


def _usual(values: Integers) -> int:
    kinds, counts = np.unique(values, return_counts=True)
    return int(kinds[counts.argmax()])


def _hours(microseconds: int) -> str:
    names = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    hours, rest = divmod(microseconds, 60 * MICROSECONDS_PER_MINUTE)
    if rest:
        return f"{microseconds / 60 / MICROSECONDS_PER_MINUTE:.3g} hours"
    word = names[hours] if hours < len(names) else str(hours)
    return f"{word} hour{'' if hours == 1 else 's'}"
