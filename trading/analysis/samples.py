"""A run in two parts: what it was fitted on, and what it had not seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from trading.backtest.performance import Course, Summary, summarise, trade_columns
from trading.engine.tapes.trade_tape import FillRow
from trading.errors import BadInput
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid, Session, to_microseconds


@dataclass(frozen=True, slots=True)
class Samples:
    """The figures of the sessions before a date, and of those from it on.

    The second part begins with what the first left. `begins` is the first session of the second.
    """

    begins: date
    inside: Summary
    outside: Summary


@dataclass(frozen=True, slots=True)
class _Part:
    """Some sessions of a run."""

    fills: Floats
    trades: Floats
    equity: Floats
    equity_us: Integers
    first_traded: int


def refuse_bad_split(out_of_sample_from: date | None, traded: tuple[Session, ...]) -> None:
    """Raise BadInput for a date that leaves one of the two parts without a session."""
    if out_of_sample_from is None or traded[0].date < out_of_sample_from <= traded[-1].date:
        return
    is_early = out_of_sample_from <= traded[0].date
    if len(traded) == 1:
        hint = "A run of one session has no two parts: take more sessions, or leave it out"
    else:
        hint = f"Give a date from {traded[1].date} to {traded[-1].date}"
    raise BadInput(
        f"out-of-sample from {out_of_sample_from} leaves no session"
        f" {'before' if is_early else 'after'} it: the run trades {traded[0].date} to"
        f" {traded[-1].date}",
        hint,
    )


def samples_of(outcome: Course, grid: Grid, capital: float, out_of_sample_from: date) -> Samples:
    """Return the figures of both parts; the date leaves a session on either side."""
    first = outcome.first_traded
    cut = next(
        number
        for number, session in enumerate(grid.sessions)
        if number > first and session.date >= out_of_sample_from
    )
    bar = int(grid.first_row[cut] - grid.first_row[first])
    begin_us = to_microseconds(grid.sessions[cut].open)
    fill_us, entry_us = FillRow(*outcome.fills.T).us, trade_columns(outcome).entry_us
    early, late = (
        _Part(
            outcome.fills[(fill_us >= begin_us) == is_late],
            outcome.trades[(entry_us >= begin_us) == is_late],
            outcome.equity[bars],
            outcome.equity_us[bars],
            begin,
        )
        for is_late, bars, begin in (
            (False, slice(None, bar), first),
            (True, slice(bar, None), cut),
        )
    )
    return Samples(
        grid.sessions[cut].date,
        summarise(early, grid.until(cut), capital),
        summarise(late, grid, float(outcome.equity[bar - 1])),
    )
