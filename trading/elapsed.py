"""A length of time as people say it."""

from __future__ import annotations


def elapsed(seconds: float) -> str:
    """Return such as `72 s`, `14 min 03 s`, `5 min` or `3 h 20 min`; nothing below 0 s."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes >= 120:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
