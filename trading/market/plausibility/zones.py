"""The zones that a file's clock may really be of, and how far they are from one another."""

from __future__ import annotations

from datetime import datetime, timedelta
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
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Asia/Kolkata",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Etc/GMT+5",
    "Etc/GMT+4",
)
# What times that carry a zone may have been written with in error.
WRITTEN_WITH = ("UTC", "Etc/GMT+5", "Etc/GMT+4")
_MICROSECOND = timedelta(microseconds=1)


def offsets_us(zone: ZoneInfo, moments_us: Integers) -> Integers:
    """Return how far a zone's clock is ahead of UTC at some moments, microseconds."""
    offsets = [
        (from_microseconds(moment).astimezone(zone).utcoffset() or timedelta()) // _MICROSECOND
        for moment in moments_us.tolist()
    ]
    return np.array(offsets, dtype=np.int64)


def is_fixed(zone: ZoneInfo) -> bool:
    """Return whether a zone's clock is the same in winter and in summer."""
    winter, summer = (datetime(2024, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))
    return winter == summer


def moved(moments_us: Integers, read_in: ZoneInfo, really: ZoneInfo) -> Integers:
    """Return by how much moments read in one zone move when they are read in another."""
    shown = offsets_us(read_in, moments_us)
    # What the other zone's clock was ahead by when it showed that time.
    guess = moments_us + shown - offsets_us(really, moments_us)
    return shown - offsets_us(really, guess)
