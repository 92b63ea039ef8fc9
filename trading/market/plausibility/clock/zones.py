"""The zones that a file's clock may really be of, and how far they are from one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np

from trading.market.bars import Integers
from trading.market.calendar import from_microseconds

# Zones that files of bars are written in. Of two that fit alike the first is named.
LIKELY = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Halifax",
    "America/Sao_Paulo",
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Moscow",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Etc/GMT+5",
    "Etc/GMT+4",
)
# What times that carry a zone may have been written with in error, where it is not known.
_WRITTEN_WITH = (ZoneInfo("UTC"), ZoneInfo("Etc/GMT+5"), ZoneInfo("Etc/GMT+4"))
_MICROSECOND = timedelta(microseconds=1)


def written_zones(written: Sequence[str]) -> tuple[tzinfo, ...]:
    """Return the zones that times which carry one may have been written with in error.

    `written` is what stands behind them: one offset is that of all, and two are those of a clock
    that changes with the season.
    """
    if len(written) == 1:
        return (_zone_of(written[0]),)
    offsets = {offset for one in written for offset in _offsets(_zone_of(one))}
    clocks = (zone for zone in map(ZoneInfo, LIKELY) if offsets == _offsets(zone))
    return tuple(clocks) or _WRITTEN_WITH


def _zone_of(written: str) -> tzinfo:
    """Return the zone of `Z`, `UTC`, `-04:00` or of a name."""
    found = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", written)
    if found is None:
        return UTC if written in ("Z", "UTC", "GMT") else ZoneInfo(written)
    minutes = int(found[2]) * 60 + int(found[3])
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def offsets_us(zone: tzinfo, moments_us: Integers) -> Integers:
    """Return how far a zone's clock is ahead of UTC at some moments, microseconds."""
    offsets = [
        (from_microseconds(moment).astimezone(zone).utcoffset() or timedelta()) // _MICROSECOND
        for moment in moments_us.tolist()
    ]
    return np.array(offsets, dtype=np.int64)


def is_fixed(zone: ZoneInfo) -> bool:
    """Return whether a zone's clock is the same in winter and in summer."""
    return len(_offsets(zone)) == 1


def _offsets(zone: tzinfo) -> frozenset[timedelta | None]:
    """Return how far a zone's clock is ahead of UTC in winter and in summer."""
    return frozenset(datetime(2024, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))


def moved(moments_us: Integers, read_in: tzinfo, really: tzinfo) -> Integers:
    """Return by how much moments read in one zone move when they are read in another."""
    shown = offsets_us(read_in, moments_us)
    # What the other zone's clock was ahead by when it showed that time.
    guess = moments_us + shown - offsets_us(really, moments_us)
    return shown - offsets_us(really, guess)
