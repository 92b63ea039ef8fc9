"""Whole sessions as a strategy and the data gate see them, before the account is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.engine.reading import Reading
from trading.engine.signals import read_signals
from trading.engine.tapes.decision_tape import DecisionTape, keep_ranges
from trading.engine.workspace import Scratch, Signals
from trading.gate.checks import FORGETS, NEW_LEVEL
from trading.gate.state import GateState, end_session
from trading.gate.thresholds import GateThresholds
from trading.gate.verdicts import (
    Extremes,
    Verdicts,
    clear_rejected,
    find_extremes,
    judge_session,
)
from trading.indicators.past import Past, forget_past, settle_past
from trading.indicators.studies import Studies
from trading.indicators.update import begin_studies, end_studies, update_studies
from trading.market.bars import Integers, Prices, bar_of
from trading.rules import Rules
from trading.selection.judge import begin_opening
from trading.selection.universe import Universe


def read_sessions(
    rules: Rules,
    numbers: Any,
    reading: Reading,
    past: Past,
    universe: Universe,
    days: Integers,
    daily: Prices,
    thresholds: GateThresholds,
    gate: GateState,
    extremes: Extremes,
    verdicts: Verdicts,
    restored: NDArray[np.bool_],
    is_judged: bool,
    scratch: Scratch,
    signals: Signals,
    decisions: DecisionTape,
    keep: int,
    first_row: Integers,
    entry_bars: Integers,
    prices: Prices,
    is_own: bool,
    origin: int,
    session: int,
    stop_session: int,
    first_traded: int,
) -> int:
    """Let the gate and the strategy see sessions, and write what they say of each bar.

    Those are `[session, stop_session)`. Prices are (bars, symbols); rejected bars are cleared in
    them, for which they must be the run's own: where `is_own` is False and there is one, the
    session that it is in is returned, to go on with, else `stop_session`. `entry_bars` is how many
    bars of each session may decide to enter, `days` its date in days since 1970, and `daily`
    (sessions, symbols) its bar of a user's file, of no sessions without one. The row `origin` is
    row 0 of `signals`. Sessions before `first_traded` only warm the indicators.

    `restored` (sessions, symbols) is what the gate restores at each session's end. It is written
    with the verdicts, but where all is there already, `is_judged`, of another reading with the
    same thresholds, and rejected bars are cleared.
    """
    while session < stop_session:
        begin, end = first_row[session], first_row[session + 1]
        if not is_judged:
            find_extremes(extremes, prices, begin, end, thresholds.zero_volume)
            if judge_session(thresholds, gate, extremes, verdicts, prices, begin, end):
                if not is_own:
                    return session
                clear_rejected(verdicts, prices, begin, end)
            end_session(thresholds, gate)
            for s in range(len(gate.restores)):
                restored[session, s] = gate.restores[s]
        if session < first_traded:
            warm_session(
                reading.studies,
                past,
                restored[session],
                verdicts,
                prices,
                begin,
                end,
                days,
                daily,
                session,
            )
            session += 1
            continue
        scratch.memory[:] = 0.0
        begin_studies(reading.studies, past.state, days[session])
        begin_opening(universe)
        for row in range(begin, end):
            bar = row - begin
            if reading.studies.rows > 0 and verdicts.is_told[row] != 0:
                forget_pasts(past, verdicts, row)
            read_signals(
                rules,
                numbers,
                reading,
                past.state,
                universe,
                scratch,
                signals,
                row - origin,
                session,
                bar,
                end - begin,
                bar >= entry_bars[session],
                bar_of(prices, row),
            )
            keep_ranges(scratch, signals, row - origin, decisions, keep, row)
        end_past(reading.studies, past, restored[session], daily, session)
        session += 1
    return session


def warm_session(
    studies: Studies,
    past: Past,
    restored: NDArray[np.bool_],
    verdicts: Verdicts,
    prices: Prices,
    begin: int,
    end: int,
    days: Integers,
    daily: Prices,
    session: int,
) -> None:
    """Take the bars in rows `[begin, end)`, a whole session that was judged, into indicators.

    `restored` (symbols) is whose past the gate restores at its end.
    """
    if studies.rows == 0:
        return
    begin_studies(studies, past.state, days[session])
    for row in range(begin, end):
        if verdicts.is_told[row] != 0:
            forget_pasts(past, verdicts, row)
        update_studies(studies, past.state, row - begin, end - begin, bar_of(prices, row))
    end_past(studies, past, restored, daily, session)


def forget_pasts(past: Past, verdicts: Verdicts, row: int) -> None:
    """Let the symbols begin anew that have a gap or a new level in a row."""
    for s in range(verdicts.found.shape[1]):
        found = verdicts.found[row, s]
        if found & FORGETS != 0:
            forget_past(past, s, found & NEW_LEVEL != 0)


def end_past(
    studies: Studies, past: Past, restored: NDArray[np.bool_], daily: Prices, session: int
) -> None:
    """Restore at a session's end what the gate restores, and take the day in."""
    if studies.rows == 0:
        return
    settle_past(past, restored)
    has_daily_file = len(daily.close) > 0
    # Without a file nothing of it is read, and any row will do.
    row = past.state[0]
    end_studies(
        studies,
        past.state,
        bar_of(daily, session) if has_daily_file else Prices(row, row, row, row, row),
        has_daily_file,
    )
