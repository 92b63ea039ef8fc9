"""Whether a file's rows run when an exchange is open, or are off by hours as in another zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from trading.counted import counted
from trading.market.bars import Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE, from_microseconds
from trading.market.plausibility.clock.file_clock import FileClock
from trading.market.plausibility.clock.thin_days import thin_days
from trading.market.plausibility.clock.zones import LIKELY, is_fixed, moved, written_zones
from trading.market.plausibility.days import DAY_US, HALF_HOUR_US, Days, Fit, days_of, fit_of
from trading.market.plausibility.finding import Words
from trading.market.plausibility.look import Look
from trading.market.plausibility.sessions import other_exchange

# Of a file's days: so many show a zone that is wrong for all of them, and so few may be odd in one
# that is right.
_MOST_DAYS = 0.5
_FEW_DAYS = 0.02
_RIGHT_DAYS = 0.95
_FEWEST_DAYS = 2
_WRITE_AGAIN = "Write the times again without a zone"


@dataclass(frozen=True, slots=True)
class _Shift:
    """A file whose days are off, and the zone that puts them right: for all that is known."""

    clock: FileClock
    days: Days
    fit: Fit
    zone: str | None
    is_proven: bool


def wrong_zone(look: Look) -> Words | None:
    """Return the words of a file whose zone is wrong, and of the one that puts its days right.

    Of several symbols in a file it may be the zone of one alone.
    """
    shifts = (*_shifts(look, look.clocks), *_shifts(look, look.symbol_clocks))
    found = next((shift for shift in shifts if shift.is_proven), None)
    return None if found is None else _words(look, found)


def odd_clock(look: Look) -> Words | None:
    """Return the words of a file whose days are off without a zone that puts all of them right.

    Of another exchange's bars another check speaks. Single symbols of a file are not looked at:
    a thin one has days that begin and end at any hour.
    """
    found = next((shift for shift in _shifts(look, look.clocks) if not shift.is_proven), None)
    if found is None or (other_exchange(look) and not _is_as_long(look, found.days)):
        return None
    return _words(look, found)


def _shifts(look: Look, clocks: tuple[FileClock, ...]) -> tuple[_Shift, ...]:
    return tuple(shift for clock in clocks for shift in _shift_of(look, clock))


def _shift_of(look: Look, clock: FileClock) -> Iterator[_Shift]:
    days = days_of(clock.starts_us)
    if not len(days) or not len(look.open_us):
        return
    fit = fit_of(look, days)
    share = fit.is_off.mean()
    zone, best = _best_zone(look, clock, days) if share else (None, None)
    fits = best is not None and best.is_off.mean() <= _FEW_DAYS
    if best is not None and fits and best.is_right.mean() >= _RIGHT_DAYS:
        yield _Shift(clock, days, fit, zone, is_proven=True)
        return
    thin = thin_days(look, clock, days)
    if thin is not None and thin.are_all_there:
        by_us = np.where(thin.is_odd, thin.by_us, 0)
        yield _Shift(clock, days, Fit(by_us, by_us, HALF_HOUR_US), thin.zone, is_proven=True)
        return
    if not share:
        return
    if fits and share >= _MOST_DAYS:
        yield _Shift(clock, days, fit, zone, is_proven=False)
        return
    moved_days = int(np.count_nonzero(fit.is_moved))
    some = moved_days >= _FEWEST_DAYS and moved_days > _FEW_DAYS * len(days)
    # A single day is one of another zone where both its ends are off by the same hours exactly.
    one = fit.is_right.mean() >= _MOST_DAYS and fit.is_moved_by_hours.any()
    if share >= _MOST_DAYS or some or one:
        helps = best is not None and best.is_off.sum() * 4 < fit.is_off.sum()
        yield _Shift(clock, days, fit, zone if helps else None, is_proven=False)


def _is_as_long(look: Look, days: Days) -> bool:
    """Return whether rows run as long as a session does, or nearly all day."""
    length = float(np.median(days.last_us - days.first_us))
    session = float(np.median(look.close_us - look.open_us))
    return abs(length - session) < HALF_HOUR_US or length > DAY_US / 2


def _best_zone(look: Look, clock: FileClock, days: Days) -> tuple[str | None, Fit | None]:
    """Return the zone with the fewest days off and most right, and how days lie in it."""
    own = (ZoneInfo(clock.zone),) if clock.zone is not None else None
    best: tuple[str | None, Fit | None] = None, None
    fewest = (len(days) + 1, 0)
    for read_in in own or written_zones(clock.written()):
        for zone in dict.fromkeys((look.zone.key, *LIKELY)):
            if zone == str(read_in):
                continue
            fit = fit_of(look, days, moved(days.middle_us, read_in, ZoneInfo(zone)))
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
        if not off.all():
            fits = "no zone puts all right"
            hint += ", and read rows of another one from a file of their own"
    else:
        fits, hint = (
            f"their clock fits {zone}",
            way_to_read(shift.clock, zone, _alone(look, shift.clock, zone)),
        )
    return {
        "name": shift.clock.name,
        "which": which,
        "first": f"{begin:%H:%M}",
        "last": f"{last:%H:%M}",
        "city": city,
        "shift": f"{hours_in_words(abs(by_us))} {'late' if by_us > 0 else 'early'}",
        "read": read,
        "fits": fits,
        "hint": hint,
    }


def way_to_read(clock: FileClock, zone: str, alone: str = "") -> str:
    """Return how the rows of a clock are read in a zone.

    `alone` are the arguments that name them where others are of another zone.
    """
    how = ""
    if not clock.is_told:
        form = past_the_zone(clock)
        how = f"Read past the zone with --time-format '{form}'" if form else _WRITE_AGAIN
    if not alone:
        return f"{how} and use --timezone {zone}" if how else f"Use --timezone {zone}"
    with_zone = f"{alone} --timezone {zone}"
    told = f"{how} and {with_zone}" if how else f"Read these rows alone, with {with_zone}"
    return f"{told}: import-bars puts rows of several zones into one archive, one zone at a time"


def _alone(look: Look, clock: FileClock, zone: str) -> str:
    """Return the arguments that name a clock's rows alone, "" where others are read so too."""
    form = None if clock.is_told else past_the_zone(clock)
    if form and any(past_the_zone(other) != form for other in look.clocks):
        # What leads past the zone of these times does not read the other files' times.
        return f"--bars {clock.path}"
    if all(_fits_in(look, other, zone) for other in (*look.clocks, *look.symbol_clocks)):
        return ""
    return f"--symbols {clock.symbol}" if clock.symbol else f"--bars {clock.path}"


def _fits_in(look: Look, clock: FileClock, zone: str) -> bool:
    """Return whether a clock's days are not off when they are read in a zone."""
    days = days_of(clock.starts_us)
    if not len(days) or clock.zone == zone:
        return not len(days) or not fit_of(look, days).is_off.mean() > _FEW_DAYS
    own = (ZoneInfo(clock.zone),) if clock.zone is not None else None
    return any(
        fit_of(look, days, moved(days.middle_us, read_in, ZoneInfo(zone))).is_off.mean()
        <= _FEW_DAYS
        for read_in in own or written_zones(clock.written())
    )


def past_the_zone(clock: FileClock) -> str | None:
    """Return a format of times that takes the zone behind them for letters; None for other times.

    All times have to have the same zone, or the format would not fit them all.
    """
    found = re.fullmatch(
        r"\d{4}([-/.]?)\d{2}\1\d{2}([T ])\d{2}:\d{2}(:\d{2})?"
        r"( ?(?:[+-]\d{2}:?\d{2}|\(?[A-Z]{1,5}\)?))",
        clock.example,
    )
    if found is None or len(clock.written()) > 1:
        return None
    mark, between, seconds, zone = found.groups()
    return f"%Y{mark}%m{mark}%d{between}%H:%M{':%S' if seconds else ''}{zone}"


def _usual(values: Integers) -> int:
    kinds, counts = np.unique(values, return_counts=True)
    return int(kinds[counts.argmax()])


def hours_in_words(microseconds: int) -> str:
    """Return a time as `three hours`."""
    names = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    hours, rest = divmod(microseconds, 60 * MICROSECONDS_PER_MINUTE)
    if rest % (30 * MICROSECONDS_PER_MINUTE):
        # Ends in another zone are off by hours less a bar.
        return f"{counted(hours, 'hour')} {counted(rest // MICROSECONDS_PER_MINUTE, 'minute')}"
    if rest:
        return f"{microseconds / 60 / MICROSECONDS_PER_MINUTE:.3g} hours"
    word = names[hours] if hours < len(names) else str(hours)
    return f"{word} hour{'' if hours == 1 else 's'}"
