"""Whether daily bars are of the same prices as the bars beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trading.counted import counted
from trading.market.bars import BarRows, Floats
from trading.market.calendar import (
    Session,
    from_microseconds,
    sessions_between,
    to_microseconds,
)
from trading.market.daily_bars import DailyBars
from trading.market.panel import Panel

# Late trades and auctions move a close by less, and the least split by as much.
_MOST_TIMES = 1.4
_LEAST_SHARE = 0.2
_FEWEST_SESSIONS = 2


def notes_on_levels(panel: Panel) -> tuple[str, ...]:
    """Return a warning where closes of sessions are far from those of a user's daily bars."""
    if panel.daily is None or not len(panel.close):
        return ()
    close = panel.close[panel.grid.first_row[1:] - 1]
    return _notes(panel.symbols, panel.grid.sessions, close, panel.daily)


def notes_on_levels_of_rows(
    rows: BarRows, symbols: tuple[str, ...], exchange: str, daily: DailyBars
) -> tuple[str, ...]:
    """Return the same of rows in the order of their starts; a session's last row has its close."""
    if not len(rows):
        return ()
    first, last = (from_microseconds(int(us)).date() for us in rows.start_us[[0, -1]])
    sessions = sessions_between(exchange, first, last)
    opens, closes = (
        np.array([to_microseconds(moment) for moment in moments], dtype=np.int64)
        for moments in ([s.open for s in sessions], [s.close for s in sessions])
    )
    session = np.searchsorted(opens, rows.start_us, side="right") - 1
    inside = np.flatnonzero(session >= 0)
    inside = inside[rows.start_us[inside] < closes[session[inside]]]
    inside = inside[rows.close[inside] > 0]
    close = np.full((len(sessions), len(symbols)), np.nan)
    # Of several rows for one place the last stays.
    close[session[inside], rows.symbol[inside]] = rows.close[inside]
    return _notes(symbols, sessions, close, daily)


def _notes(
    symbols: tuple[str, ...], sessions: Sequence[Session], close: Floats, file: DailyBars
) -> tuple[str, ...]:
    daily = file.of_symbols(symbols)
    if daily is None:
        return ()
    other = daily.of_sessions(sessions).close
    with np.errstate(invalid="ignore", divide="ignore"):
        times = np.maximum(close / other, other / close)
    is_apart = times > _MOST_TIMES
    count, known = is_apart.sum(axis=0), np.isfinite(times).sum(axis=0)
    bad = np.flatnonzero((count >= _FEWEST_SESSIONS) & (count >= _LEAST_SHARE * known))
    if not len(bad):
        return ()
    worst = int(bad[count[bad].argmax()])
    at = int(np.flatnonzero(is_apart[:, worst])[-1])
    others = f", and so for {counted(len(bad) - 1, 'more symbol')}" if len(bad) > 1 else ""
    return (
        f"WARNING: closes of {symbols[worst]} are not those of its daily bars in"
        f" {count[worst]} of {counted(int(known[worst]), 'session')}{others}: on"
        f" {sessions[at].date} {close[at, worst]:g} and {other[at, worst]:g}. One of the two is"
        " in other units, or adjusted for other splits",
    )
