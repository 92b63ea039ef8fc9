"""Indicators of the rules' page (section 10), each worked out anew from all bars before it.

Bars are those of one symbol, oldest first; None is where TA-Lib has no number.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from tests.oracle.reference.bars import Bar


def sma(values: Sequence[float], length: int) -> float | None:
    """Return the mean of the last values."""
    if len(values) < length:
        return None
    return sum(values[-length:]) / length


def emas(values: Sequence[float], length: int) -> list[float | None]:
    """Return the EMA after each value, seeded with the mean of the first ones."""
    found: list[float | None] = [None] * min(len(values), length - 1)
    average = None
    for count in range(length, len(values) + 1):
        if average is None:
            average = sum(values[:length]) / length
        else:
            average = (values[count - 1] - average) * (2 / (length + 1)) + average
        found.append(average)
    return found


def ema(values: Sequence[float], length: int) -> float | None:
    """Return the newest EMA."""
    return emas(values, length)[-1] if values else None


def wilders(values: Sequence[float], length: int) -> float | None:
    """Return Wilder's average: the mean of the first values, then one part in `length`."""
    if len(values) < length:
        return None
    average = sum(values[:length]) / length
    for value in values[length:]:
        average = (average * (length - 1) + value) / length
    return average


def rsi(closes: Sequence[float], length: int) -> float | None:
    """Return Wilder's RSI; where nothing has moved TA-Lib says 0."""
    moves = [later - earlier for earlier, later in itertools.pairwise(closes)]
    up = wilders([max(move, 0.0) for move in moves], length)
    down = wilders([max(-move, 0.0) for move in moves], length)
    if up is None or down is None:
        return None
    return 100 * (up / (up + down)) if up + down != 0 else 0.0


def atr(bars: Sequence[Bar], length: int) -> float | None:
    """Return Wilder's ATR; the first true range needs a close before it."""
    ranges = [
        max(
            bar.high - bar.low,
            abs(bar.high - before.close),
            abs(bar.low - before.close),
        )
        for before, bar in itertools.pairwise(bars)
    ]
    return wilders(ranges, length)


def macd(
    closes: Sequence[float], fast: int, slow: int, signal: int
) -> tuple[float, float, float] | None:
    """Return line, signal and histogram, which begin together.

    The fast average begins as late as the slow one: its first closes are those before that bar.
    """
    fast, slow = min(fast, slow), max(fast, slow)
    late = emas(closes[slow - fast :], fast)
    lines = [
        quick - lazy
        for quick, lazy in zip(late[fast - 1 :], emas(closes, slow)[slow - 1 :], strict=True)
        if quick is not None and lazy is not None
    ]
    average = ema(lines, signal)
    if average is None:
        return None
    return lines[-1], average, lines[-1] - average


def bollinger(
    closes: Sequence[float], length: int, deviations: float
) -> tuple[float, float, float] | None:
    """Return upper, middle and lower band; the deviation is that of a population."""
    middle = sma(closes, length)
    if middle is None:
        return None
    spread = math.sqrt(sum((close - middle) ** 2 for close in closes[-length:]) / length)
    return middle + deviations * spread, middle, middle - deviations * spread


def vwap(today: Sequence[Bar]) -> float | None:
    """Return the session's mean price by volume, from its first accepted bar."""
    volume = sum(bar.volume for bar in today)
    if volume == 0:
        return None
    worth = sum((bar.high + bar.low + bar.close) / 3 * bar.volume for bar in today)
    return worth / volume
