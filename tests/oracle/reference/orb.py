"""The opening-range breakout (sections 3, 11 and 12), written from the rules' page alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.reference.bars import Bar, r4, tick_down, tick_up
from tests.oracle.reference.past import daily_atr
from tests.oracle.reference.strategy import Wanted

if TYPE_CHECKING:
    from tests.oracle.reference.engine import ReferenceEngine

JUDGED_BY = (
    "min_price",
    "min_daily_atr",
    "min_daily_volume",
    "min_relative_opening_volume",
    "select_top",
)


class OpeningRangeBreakout:
    """Enters where price leaves the range of the session's first bars."""

    def first_decision(self, engine: ReferenceEngine) -> int:
        """Return the bar after the range, or with entries that rest its last one."""
        return engine.range_bars - 1 if engine.p["entry"] == "stop" else engine.range_bars

    def leaves(self, engine: ReferenceEngine, symbol: str, bar: Bar, sign: int) -> bool:
        """Return that positions are left by stop, target and time alone."""
        return False

    def wanted(self, engine: ReferenceEngine, symbol: str, k: int, bar: Bar) -> Wanted | str:
        """Return an entry, or the first reason that applies of those that need no account."""
        p, opening = engine.p, engine.opening(symbol)
        if opening is None:
            return "range_incomplete"
        high = max(each.high for each in opening)
        low = min(each.low for each in opening)
        if high == low:
            return "range_flat"
        relative = engine.relative_volumes[symbol]
        # Shown where section 11 judges at all: a run that asks for nothing of it never gets there.
        if relative is not None and any(p[name] > 0 for name in JUDGED_BY):
            engine.show("relative_opening_volume", relative)
        if symbol in engine.unselected:
            return engine.unselected[symbol]
        spent = engine.spent(symbol, k)
        if spent is not None:
            return spent
        first_bar = (opening[-1].close > opening[0].open) - (opening[-1].close < opening[0].open)
        rests = p["entry"] == "stop"
        sign = first_bar if rests else _side(p, bar, high, low)
        if sign == 0:
            return "against_direction" if rests else "no_breakout"
        if sign < 0 and not p["allow_short"]:
            return "short_disabled"
        if p["direction"] == "first_bar" and sign != first_bar:
            return "against_direction"
        if not rests:
            body = 0.0
            if bar.high != bar.low:
                body = sign * (bar.close - bar.open) / (bar.high - bar.low)
            if body < p["min_body"]:
                return "weak_body"
        if p["max_extension"] > 0:
            beyond = bar.close - high if sign > 0 else low - bar.close
            if beyond > p["max_extension"] * (high - low):
                return "too_extended"
        return self._entry(engine, symbol, bar, sign, high, low)

    def _entry(
        self, engine: ReferenceEngine, symbol: str, bar: Bar, sign: int, high: float, low: float
    ) -> Wanted | str:
        p, past = engine.p, engine.past[symbol]
        atr, by_day = past.atr.value, daily_atr(engine.days(symbol))
        if "atr" in (p["stop"], p["target"]) and atr is None:
            return "indicator_warming_up"
        if "daily_atr" in (p["stop"], p["target"]) and by_day is None:
            return "indicator_warming_up"
        before = past.volumes_before()
        if p["volume_filter"]:
            if len(before) < 20:
                return "indicator_warming_up"
            if not bar.volume >= p["volume_threshold"] * (sum(before) / 20):
                return "low_volume"
        level, reference = None, bar.close
        if p["entry"] == "stop":
            edge = high + p["breakout_buffer"] if sign > 0 else low - p["breakout_buffer"]
            level = tick_up(edge, p["tick"]) if sign > 0 else tick_down(edge, p["tick"])
            reference = level
        distances = {"range": high - low, "atr": atr, "daily_atr": by_day}
        return Wanted(
            sign,
            _stop(p, reference, sign, low if sign > 0 else high, atr, by_day),
            _target(p, distances.get(p["target"])),
            p["entry"],
            level,
        )


def _side(p: dict[str, Any], bar: Bar, range_high: float, range_low: float) -> int:
    up, down = bar.close, bar.close
    if p["breakout_on"] == "wick":
        up, down = bar.high, bar.low
    above = up > range_high + p["breakout_buffer"]
    below = down < range_low - p["breakout_buffer"]
    if above and below:
        return 1 if r4(bar.high - bar.open) >= r4(bar.open - bar.low) else -1
    return 1 if above else -1 if below else 0


def _stop(
    p: dict[str, Any],
    reference: float,
    sign: int,
    edge: float,
    atr: float | None,
    by_day: float | None,
) -> float:
    level = edge
    if p["stop"] == "atr":
        assert atr is not None
        level = reference - sign * (p["stop_atr"] * atr)
    elif p["stop"] == "daily_atr":
        assert by_day is not None
        level = reference - sign * (p["stop_daily_atr"] * by_day)
    elif p["stop"] == "percent":
        level = reference * (1 - sign * p["stop_pct"])
    return tick_down(level, p["tick"]) if sign > 0 else tick_up(level, p["tick"])


def _target(p: dict[str, Any], distance: float | None) -> tuple[str, float] | None:
    if p["target"] == "none":
        return None
    if p["target"] == "percent":
        return "fraction", p["target_pct"]
    if p["target"] == "r":
        return "r", p["target_multiple"]
    assert distance is not None
    return "usd", p["target_multiple"] * distance
