"""Which symbols may trade today (section 11), written from the rules' page alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass
class Candidate:
    """What a symbol is judged by at the close of bar m - 1; None is a value that is missing."""

    symbol: str
    first_open: float | None
    daily_atr: float | None
    daily_volume: float | None
    relative_opening_volume: float | None
    has_range: bool


def judged(candidates: Sequence[Candidate], p: dict[str, Any]) -> dict[str, str]:
    """Return the reason of each symbol that may not trade; they come in the configured order."""
    reasons: dict[str, str] = {}
    for each in candidates:
        tested = (
            (p["min_price"], each.first_open),
            (p["min_daily_atr"], each.daily_atr),
            (p["min_daily_volume"], each.daily_volume),
            (p["min_relative_opening_volume"], each.relative_opening_volume),
        )
        for least, value in tested:
            if least > 0 and (value is None or value < least):
                reasons[each.symbol] = "not_eligible"
        if p["select_top"] > 0 and each.relative_opening_volume is None:
            reasons[each.symbol] = "not_eligible"
    if p["select_top"] > 0:
        ranked = [each for each in candidates if each.has_range and each.symbol not in reasons]
        # The sort leaves equal ones in the configured order.
        ranked.sort(key=lambda each: -(each.relative_opening_volume or 0.0))
        for each in ranked[p["select_top"] :]:
            reasons[each.symbol] = "not_selected"
    return reasons
