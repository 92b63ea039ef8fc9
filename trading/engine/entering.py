"""Where a strategy would enter: the only closes that matter to an account that holds nothing.

A run that keeps no decisions settles these instead of every symbol of every bar. Many accounts
may settle what was read once, as nothing is written to the strategy's answers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.engine.workspace import Signals
from trading.gate.verdicts import Verdicts
from trading.reasons import ENTER_LONG


class Entering(NamedTuple):
    """Who would enter at the bars that `Signals` has; without bars in a run that keeps decisions.

    `first` (bars + 1) is each bar's first element of `symbol`, the next bar's ends it. `busy`
    (bars + 1) is the next bar, itself counted, at which anybody would enter or the gate tells
    something; after the last it is the number of bars.
    """

    first: NDArray[np.int32]
    busy: NDArray[np.int32]
    symbol: NDArray[np.int32]


def new_entering(bars: int, symbols: int) -> Entering:
    """Return room for so many bars, or what a run that keeps its decisions has, for none."""
    rows = bars + 1 if bars else 0
    return Entering(
        np.zeros(rows, dtype=np.int32),
        np.zeros(rows, dtype=np.int32),
        np.zeros(bars * symbols, dtype=np.int32),
    )


def find_entering(signals: Signals, verdicts: Verdicts, row: int, bars: int, out: Entering) -> None:
    """Write who would enter at the first bars of `signals`, of which the first is in a row."""
    count = 0
    for at in range(bars):
        out.first[at] = count
        reasons = signals.reason[at]
        symbols = len(reasons)
        highest = np.uint8(0)
        for s in range(symbols):
            highest = max(highest, reasons[s])
        if highest < ENTER_LONG:
            continue
        is_told = verdicts.is_told[row + at] != 0
        for s in range(symbols):
            # Written, and then overwritten by the next, unless it counts.
            out.symbol[count] = s
            is_free = not is_told or verdicts.reason[row + at, s] == 0
            count += 1 if (reasons[s] >= ENTER_LONG) & is_free else 0
    out.first[bars] = count
    busy = bars
    out.busy[bars] = busy
    for at in range(bars - 1, -1, -1):
        if out.first[at + 1] > out.first[at] or verdicts.is_told[row + at] != 0:
            busy = at
        out.busy[at] = busy
