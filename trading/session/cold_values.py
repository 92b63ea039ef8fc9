"""Which values of earlier days a session begins without, so that what needs them enters nothing."""

from __future__ import annotations

import numpy as np

from trading.indicators import Indicator, daily_atr, daily_volume, relative_opening_volume
from trading.indicators.indicator import Kind
from trading.indicators.sessions import OPENING_MEAN, OPENING_RELATIVE
from trading.indicators.studies import row_of
from trading.session.state import SessionState

MOST_NAMED = 10


def cold_values(state: SessionState) -> list[str]:
    """Return a line for each value of earlier days that symbols have not, naming them."""
    lines = []
    for indicator in dict.fromkeys(_of_days(state)):
        row = row_of(state.reading.studies, indicator)
        if indicator.kind is Kind.OPENING:
            # Its own value comes with the end of the opening.
            row += OPENING_MEAN - OPENING_RELATIVE
        missing = np.flatnonzero(np.isnan(state.past.state[row])).tolist()
        if missing:
            names = [state.plan.symbols[s] for s in missing]
            others = f" and {len(names) - MOST_NAMED} others" if len(names) > MOST_NAMED else ""
            named = ", ".join(names[:MOST_NAMED])
            lines.append(f"too few earlier sessions for {indicator} of {named}{others}")
    return lines


def _of_days(state: SessionState) -> list[Indicator]:
    asked = [each for each in state.plan.indicators().values() if each is not None]
    found = [
        each for each in asked if each.kind is Kind.DAILY or each.value == "relative_opening_volume"
    ]
    selection = state.rules.selection
    if selection.min_daily_atr > 0:
        found.append(daily_atr())
    if selection.min_daily_volume > 0:
        found.append(daily_volume())
    if selection.min_relative_opening_volume > 0 or selection.select_top > 0:
        minutes = selection.opening_bars * state.plan.interval_minutes
        found.append(relative_opening_volume(minutes))
    return found
