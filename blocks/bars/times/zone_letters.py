"""Abbreviations of zones behind a time: what each means, as far as it means one thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from trading.errors import BadInput

# Minutes from UTC.
_FIXED = {
    "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "EST": -300, "EDT": -240, "CDT": -300, "MDT": -360,
    "MST": -420, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "CET": 60,
    "CEST": 120, "MEZ": 60, "MESZ": 120, "WEST": 60, "EET": 120, "EEST": 180, "MSK": 180,
    "PKT": 300, "HKT": 480, "SGT": 480, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660,
    "NZST": 720, "NZDT": 780,
}  # fmt: skip
# A clock that changes with the season, without a word of the season.
_CLOCKS = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
_SEVERAL = {
    "CST": ("America/Chicago", "Asia/Shanghai"),
    "IST": ("Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"),
    "BST": ("Europe/London", "Asia/Dhaka"),
    "AST": ("America/Halifax", "Asia/Riyadh"),
    "GST": ("Asia/Dubai", "Pacific/Guam"),
    "SST": ("Asia/Singapore", "Pacific/Pago_Pago"),
}


def clock_of(letters: str) -> str | None:
    """Return the zone of letters such as ET, whose clock changes with the season, else None."""
    return _CLOCKS.get(letters)


def minutes_of(letters: str, timezone: str | None, year: int, at: str) -> int | None:
    """Return how far from UTC a time with these letters is, minutes.

    Letters that mean several clocks, or that are not known, mean what the named zone calls itself
    in that year; None where it calls itself otherwise, so that only its clock can be meant. Raises
    BadInput for letters of other zones, and without a zone; `at` says where the first one stands.
    """
    if letters in _FIXED:
        return _FIXED[letters]
    several = _SEVERAL.get(letters, ())
    if timezone is None:
        clocks = ", ".join(several[:-1]) + (" or " + several[-1] if several else "")
        means = f"means the clock of {clocks}" if several else "is no zone that is known"
        example = several[0] if several else "America/New_York"
        raise BadInput(f"{letters!r} behind a time {means}, {at}", f"Say --timezone {example}")
    zone = ZoneInfo(timezone)
    days = (datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(0, 366, 7))
    for moment in (day.astimezone(zone) for day in days):
        offset = moment.utcoffset()
        if moment.tzname() == letters and offset is not None:
            return int(offset.total_seconds()) // 60
    if several and timezone not in several:
        raise BadInput(
            f"{letters!r} behind a time is not what clocks of {timezone} are called, {at}",
            f"Say --timezone {several[0]}, or another of {', '.join(several[1:])}",
        )
    return None
