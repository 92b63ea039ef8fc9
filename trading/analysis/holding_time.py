"""Profit against how long a position was held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.engine.tapes.trade_tape import TradeRow
from trading.market.bars import Floats
from trading.market.calendar import MICROSECONDS_PER_MINUTE

EDGES_MINUTES = (5, 15, 30, 60, 120, 240)


@dataclass(frozen=True, slots=True)
class HeldFor:
    """Trades held from `from_minutes` to less than `to_minutes`, None for no end; profit in USD.

    A time counts from the START of the bar of the entry to that of the last part of the exit.
    """

    from_minutes: int
    to_minutes: int | None
    trades: int
    wins: int
    profit: float
    mean_r: float | None


def held_for(trades: TradeRow[Floats]) -> tuple[HeldFor, ...]:
    """Return the trades by how long they were held; those of no trade are left out."""
    minutes = (trades.exit_us - trades.entry_us) / MICROSECONDS_PER_MINUTE
    place = np.searchsorted(EDGES_MINUTES, minutes, side="right")
    edges = (0, *EDGES_MINUTES, None)
    found = []
    for number in np.unique(place).tolist():
        mine = place == number
        r = trades.r_multiple[mine]
        r = r[np.isfinite(r)]
        found.append(
            HeldFor(
                edges[number] or 0,
                edges[number + 1],
                int(np.count_nonzero(mine)),
                int(np.count_nonzero(trades.pnl[mine] > 0)),
                float(trades.pnl[mine].sum()),
                float(r.mean()) if len(r) else None,
            )
        )
    return tuple(found)
