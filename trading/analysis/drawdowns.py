"""The falls of an account from its highest value so far: how deep, how long, and recovered or not.

The highest counts from the capital and from every bar's close, as that of the maximum drawdown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from trading.market.bars import Floats, Integers
from trading.market.calendar import Session, to_microseconds

MOST_DRAWDOWNS = 10
_BARS_AT_A_TIME = 1_000_000


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One fall: `depth` is a negative fraction of the value that it fell from, `loss` USD.

    `peak`, `trough` and `recovery` are dates of sessions; the peak is None where it is the capital
    before the first bar, the recovery None where the value never came back. Sessions are counted
    from the one of the peak to the one of the trough, and from there to the one of the recovery,
    or to the last one.
    """

    depth: float
    loss: float
    peak: date | None
    trough: date
    recovery: date | None
    sessions_down: int
    sessions_up: int
    bars: int


@dataclass(frozen=True, slots=True)
class Drawdowns:
    """The deepest falls first, how many there were, and the largest loss of any in USD.

    `under_water` is the share of bars below the highest value so far, None without a bar.
    """

    deepest: tuple[Drawdown, ...]
    count: int
    largest_loss: float
    under_water: float | None


def drawdowns_of(
    equity: Floats, equity_us: Integers, sessions: tuple[Session, ...], capital: float
) -> Drawdowns:
    """Return the falls of an equity by bar, USD, that begins with a capital."""
    if not len(equity):
        return Drawdowns((), 0, 0.0, None)
    below = _is_below(equity, capital)
    edges = np.flatnonzero(np.diff(below, prepend=False, append=False))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return Drawdowns((), 0, 0.0, 0.0)
    # Between the falls, and behind the last one, `reduceat` finds lows that nobody asks for.
    inner = edges[edges < len(equity)]
    low = np.minimum.reduceat(equity, inner)[::2]
    high = np.where(begins > 0, equity[begins - 1], capital)
    # As the maximum drawdown is worked out, to the last digit.
    depth = (low - high) / high
    order = np.lexsort((begins, depth))[:MOST_DRAWDOWNS]
    opens = np.array([to_microseconds(each.open) for each in sessions], dtype=np.int64)

    def session_of(bar: int) -> int:
        return int(np.searchsorted(opens, equity_us[bar], side="right")) - 1

    deepest = []
    for each in order.tolist():
        begin, end = int(begins[each]), int(ends[each])
        trough = begin + int(np.argmin(equity[begin:end]))
        is_over = end < len(equity)
        peak_session = session_of(begin - 1) if begin else 0
        end_session = session_of(end) if is_over else len(sessions) - 1
        trough_session = session_of(trough)
        deepest.append(
            Drawdown(
                depth=float(depth[each]),
                loss=float(high[each] - low[each]),
                peak=sessions[peak_session].date if begin else None,
                trough=sessions[trough_session].date,
                recovery=sessions[end_session].date if is_over else None,
                sessions_down=trough_session - peak_session,
                sessions_up=end_session - trough_session,
                bars=end - begin,
            )
        )
    return Drawdowns(tuple(deepest), len(begins), float((high - low).max()), float(below.mean()))


def _is_below(equity: Floats, capital: float) -> NDArray[np.bool_]:
    """Return at which bars the equity is below its highest so far."""
    below = np.empty(len(equity), dtype=np.bool_)
    highest = capital
    # Part by part: the highest of all bars at once would take as much memory as the equity.
    for begin in range(0, len(equity), _BARS_AT_A_TIME):
        part = equity[begin : begin + _BARS_AT_A_TIME]
        peaks = np.maximum.accumulate(np.maximum(part, highest))
        below[begin : begin + len(part)] = part < peaks
        highest = float(peaks[-1])
    return below
