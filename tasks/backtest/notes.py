"""What a reader of a backtest's figures must know of its bars and of how it ran."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blocks.bars.panel_cache import LoadedPanel
from trading.backtest.run import Outcome
from trading.counted import counted
from trading.engine.book import DRAWDOWN
from trading.engine.tapes.trade_tape import FillRow
from trading.errors import BadInput
from trading.market.calendar import Session, to_microseconds
from trading.market.daily_levels import notes_on_levels
from trading.market.panel import Panel

_MOST_NAMED = 10


def refuse_no_bars(bars: LoadedPanel) -> None:
    """Raise BadInput when not one valid bar is left to trade on."""
    panel = bars.panel
    begin = panel.grid.first_row[bars.first_traded]
    if np.isnan(panel.close[begin:]).all():
        raise BadInput(
            f"{bars.source} has no valid bar in these sessions: {panel.defects.invalid_in_words}",
            "Look at the file's prices, and at --column, --timezone and --stamp",
        )


def how_it_ran(outcome: Outcome, sessions: Sequence[Session], *, is_kept: bool) -> tuple[str, ...]:
    """Return what is unusual about how an outcome came to be, one sentence each."""
    halt = _halt(outcome, sessions)
    if outcome.refusal:
        return (f"the strategy is interpreted, which is slow; numba: {outcome.refusal}", *halt)
    if outcome.compiled and not is_kept:
        return ("the compiled engine is not kept: no cache folder can be written", *halt)
    return halt


def _halt(outcome: Outcome, sessions: Sequence[Session]) -> tuple[str, ...]:
    """Return that a drawdown halted the account, and when: what is left is idle, and looks odd."""
    if not outcome.book.flags[DRAWDOWN]:
        return ()
    # Equity falls by what is held or sold: the last fill is of the session of the halt.
    last_us = FillRow(*outcome.fills.T).us.max()
    idle = sum(to_microseconds(session.open) > last_us for session in sessions)
    return (
        f"max_drawdown_pct halted the account on {sessions[-1 - idle].date}: nothing was entered in"
        f" the {counted(idle, 'session')} after it",
    )


def panel_notes(panel: Panel, first_traded: int) -> tuple[str, ...]:
    """Return what is missing from the traded sessions or doubtful, one sentence each."""
    grid = panel.grid
    begin = grid.first_row[first_traded]
    present = ~np.isnan(panel.close[begin:])
    notes = []
    covered = present.any(axis=1).astype(np.int64)
    bars_by_session = np.add.reduceat(covered, grid.first_row[first_traded:-1] - begin)
    empty = [
        session.date.isoformat()
        for session, bars in zip(grid.sessions[first_traded:], bars_by_session, strict=True)
        if bars == 0
    ]
    if empty:
        more = f" and {len(empty) - _MOST_NAMED} more" if len(empty) > _MOST_NAMED else ""
        notes.append(
            f"sessions without any bar: {len(empty)} of {len(bars_by_session)},"
            f" {', '.join(empty[:_MOST_NAMED])}{more}"
        )
    absent = [
        symbol for symbol, bars in zip(panel.symbols, present.T, strict=True) if not bars.any()
    ]
    if absent:
        notes.append(f"no bar in these sessions of {', '.join(absent)}")
    defects = panel.defects
    if defects.invalid:
        notes.append(f"{defects.invalid} rows are no valid bars and count as missing")
    if defects.duplicate:
        notes.append(f"{defects.duplicate} rows were replaced by later ones for the same bar")
    return (*notes, *notes_on_levels(panel))
