"""The double of `probe_strategy`, which orders in every way and leaves by its own word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.reference.bars import Bar, tick_down, tick_up
from tests.oracle.reference.indicators import ema, rsi, vwap
from tests.oracle.reference.strategy import Wanted

if TYPE_CHECKING:
    from tests.oracle.reference.engine import ReferenceEngine

ORDERS = ("market", "stop", "limit")


class Probe:
    """Goes round the kinds of orders and of targets with the bars that were there."""

    def __init__(self, distance: float, lifetime_bars: int, overbought: float) -> None:
        self.distance = distance
        self.lifetime_bars = lifetime_bars
        self.overbought = overbought

    def first_decision(self, engine: ReferenceEngine) -> int:
        """Return that it decides from the first bar on."""
        return 0

    def wanted(self, engine: ReferenceEngine, symbol: str, k: int, bar: Bar) -> Wanted | str:
        """Return an order of the kind whose turn it is."""
        spent = engine.spent(symbol, k)
        if spent is not None:
            return spent
        today = engine.past[symbol].today
        mean = vwap([today[number] for number in sorted(today)])
        count = sum(number <= k for number in engine.today[symbol])
        if count % 7 == 0 and mean is not None:
            return "no_breakout"
        if mean is None:
            return "indicator_warming_up"
        sign = 1 if bar.close >= mean else -1
        tick, order = engine.p["tick"], ORDERS[count % 3]
        price, level = bar.close, None
        if order != "market":
            is_above = (order == "stop") == (sign > 0)
            away = price * (1 + self.distance if is_above else 1 - self.distance)
            price = level = tick_up(away, tick) if is_above else tick_down(away, tick)
        targets = (
            ("usd", price * 3 * self.distance),
            ("fraction", 3 * self.distance),
            ("r", 1.5),
            None,
        )
        if sign > 0:
            stop = tick_down(price * (1 - 2 * self.distance), tick)
        else:
            stop = tick_up(price * (1 + 2 * self.distance), tick)
        return Wanted(sign, stop, targets[count % 4], order, level, self.lifetime_bars)

    def leaves(self, engine: ReferenceEngine, symbol: str, bar: Bar, sign: int) -> bool:
        """Return whether a long is overbought, or a short above the hours' average."""
        past = engine.past[symbol]
        if sign > 0:
            strength = rsi([each.close for each in past.bars], 5)
            return strength is not None and strength > self.overbought
        hours = next(each.closed for each in past.coarser if each.minutes == 60)
        closes = [each.close for each in (past.bars if engine.interval == 60 else hours)]
        average = ema(closes, 4)
        return average is not None and bar.close > average
