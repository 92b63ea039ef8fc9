"""What sessions leave to later ones: daily bars and opening volumes (rules, section 10)."""

from __future__ import annotations

import math

from trading.indicators.rings import push, sum_of_full
from trading.indicators.wilder import update_atr
from trading.market.bars import Floats

# The rows of daily bars: what the last ones say, how many true ranges the ATR has seen until it
# begins and their sum, the bar in progress, and a ring of volumes. The close follows the ATR as
# its previous one.
DAILY_ATR = 0
DAILY_CLOSE = 1
DAILY_VOLUME = 2
DAILY_HIGH = 3
DAILY_LOW = 4
DAILY_COUNT = 5
DAILY_BAR = 7
DAILY_RING = 11
# The rows of opening volumes: this session's two values, the mean of earlier ones, how many bars
# of this opening there were and their sum, and a ring.
OPENING_VOLUME = 0
OPENING_RELATIVE = 1
OPENING_MEAN = 2
OPENING_COUNT = 3
OPENING_SUM = 4
OPENING_RING = 5


def take_daily_bar(
    state: Floats,
    row: int,
    length: int,
    s: int,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> None:
    """Take a symbol's daily bar in, unless it is missing; the last ones count."""
    if math.isnan(close):
        return
    update_atr(state, row + DAILY_ATR, row + DAILY_COUNT, length, s, high, low, close)
    state[row + DAILY_HIGH, s] = high
    state[row + DAILY_LOW, s] = low
    if push(state, row + DAILY_RING, length, s, volume):
        state[row + DAILY_VOLUME, s] = sum_of_full(state, row + DAILY_RING, length, s) / length


def begin_opening(state: Floats, row: int, s: int) -> None:
    """Begin a session whose opening has no bar yet."""
    state[row + OPENING_VOLUME, s] = math.nan
    state[row + OPENING_RELATIVE, s] = math.nan
    state[row + OPENING_COUNT, s] = 0.0
    state[row + OPENING_SUM, s] = 0.0


def update_opening(state: Floats, row: int, bars: int, bar: int, s: int, volume: float) -> None:
    """Take a bar into the session's opening, which is so many bars long."""
    if bar >= bars:
        return
    state[row + OPENING_COUNT, s] += 1.0
    state[row + OPENING_SUM, s] += volume
    # With a bar missing, or forgotten, it never is complete.
    if state[row + OPENING_COUNT, s] == bars:
        opening = state[row + OPENING_SUM, s]
        state[row + OPENING_VOLUME, s] = opening
        state[row + OPENING_RELATIVE, s] = opening / state[row + OPENING_MEAN, s]


def end_opening(state: Floats, row: int, length: int, s: int) -> None:
    """Keep the session's opening volume, where it has one, as one of the last."""
    volume = state[row + OPENING_VOLUME, s]
    if math.isnan(volume):
        return
    if push(state, row + OPENING_RING, length, s, volume):
        mean = sum_of_full(state, row + OPENING_RING, length, s) / length
        state[row + OPENING_MEAN, s] = mean if mean > 0 else math.nan
