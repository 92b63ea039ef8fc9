"""How long a provider asks to be left alone, as the headers of its answer say it."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_after_s(text: str | None, now_s: float) -> float | None:
    """Return Retry-After, seconds or a date, as seconds from `now_s`; None when it says nothing."""
    if not text:
        return None
    try:
        return max(float(text), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(text).timestamp() - now_s, 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def pause_of(headers: Mapping[str, str], now_s: float) -> float | None:
    """Return the pause, seconds, of X-Ratelimit-Reset (seconds since 1970), else of Retry-After."""
    reset = headers.get("X-Ratelimit-Reset")
    if reset and reset.isdigit():
        return max(float(reset) - now_s, 0.0)
    return retry_after_s(headers.get("Retry-After"), now_s)
