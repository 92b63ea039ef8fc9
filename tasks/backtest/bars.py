"""The bars of a backtest: read or simulated, and trimmed to the sessions that it trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from blocks.archive.bar_source import date_range, read_bars
from blocks.markets.random_walk import sessions_to_warm_up, simulated_rows
from tasks.backtest.request import BacktestRequest
from trading.errors import BadInput
from trading.market.bars import AnyRows, Integers
from trading.market.calendar import Session, from_microseconds, sessions_between, to_microseconds

_DAY = timedelta(days=1)
_HALF_A_DAY = timedelta(hours=12)
# No exchange stays closed for longer.
_LONGEST_GAP = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class LoadedBars:
    """Blocks of rows of the sessions, of which those from `first_traded` on are traded.

    `source` says in a word or a path where the rows come from; `notes` what a reader of the
    results must know about them.
    """

    blocks: tuple[AnyRows, ...]
    symbols: tuple[str, ...]
    sessions: tuple[Session, ...]
    first_traded: int
    source: str
    notes: tuple[str, ...]


def load_bars(request: BacktestRequest, *, warm_up: bool) -> LoadedBars:
    """Return the bars that a request needs.

    With `warm_up` that includes all earlier sessions of the source: Wilder's average has no end
    to its memory. Raises BadInput when the source has no bars for the symbols and dates.
    """
    if request.bars is None:
        return _simulated(request, warm_up=warm_up)
    return _from_file(request.bars, request, warm_up=warm_up)


def _simulated(request: BacktestRequest, *, warm_up: bool) -> LoadedBars:
    if request.start is None or request.end is None:
        raise BadInput("a simulated market needs start and end", "Give --start and --end")
    traded = sessions_between(request.exchange, request.start, request.end)
    if not traded:
        raise _no_session(request)
    earlier: list[Session] = []
    notes = [f"Bars are SIMULATED, seed {request.seed}"]
    if warm_up:
        first = request.start
        earlier = sessions_to_warm_up(request.exchange, first)
        notes.append(f"{len(earlier)} simulated sessions before {first} warm the indicators")
    sessions = [*earlier, *traded]
    rows = simulated_rows(request.symbols, sessions, request.interval_minutes, seed=request.seed)
    source = f"simulated market, seed {request.seed}"
    return LoadedBars((rows,), request.symbols, tuple(sessions), len(earlier), source, tuple(notes))


def _from_file(path: Path, request: BacktestRequest, *, warm_up: bool) -> LoadedBars:
    file = read_bars(
        path,
        request.symbols or None,
        request.exchange,
        request.format,
        start=None if warm_up else request.start,
        end=request.end,
        bar_minutes=request.interval_minutes,
    )
    sessions, first_traded = trim_sessions(file.starts_us, request, warm_up=warm_up)
    if not sessions:
        raise _nothing_there(path, request)
    if any(_left_out(sessions[first_traded:], request)):
        # Only the whole file tells whether these sessions lie outside it or are a gap in it.
        whole = read_bars(path, request.symbols or None, request.exchange, request.format)
        sessions, first_traded = trim_sessions(whole.starts_us, request, warm_up=warm_up)
    notes = (*file.notes, *notes_of_sessions(sessions, first_traded, request))
    blocks = tuple(_rows_near(block, sessions) for block in file.blocks)
    return LoadedBars(blocks, file.symbols, tuple(sessions), first_traded, str(path), notes)


def notes_of_sessions(
    sessions: Sequence[Session], first_traded: int, request: BacktestRequest
) -> tuple[str, ...]:
    """Return what must be known of the sessions that were found, one sentence each."""
    notes = []
    later, earlier = _left_out(sessions[first_traded:], request)
    if later:
        notes.append(f"bars begin on {sessions[first_traded].date}, after start {request.start}")
    if earlier:
        notes.append(f"bars stop on {sessions[-1].date}, before end {request.end}")
    if first_traded:
        notes.append(
            f"{first_traded} sessions before {sessions[first_traded].date} warm the indicators"
        )
    return tuple(notes)


def trim_sessions(
    start_us: Integers, request: BacktestRequest, *, warm_up: bool
) -> tuple[list[Session], int]:
    """Return the sessions of a run and how many of them, at the beginning, only warm up.

    Traded are the calendar's sessions from start to end, clipped to the first and last in which
    any row (`start_us`, microseconds UTC) lies; those between without a row stay. None are
    returned when no row lies in any of them.
    """
    if not len(start_us):
        return [], 0
    calendar = sessions_between(
        request.exchange,
        from_microseconds(start_us.min()).date() - _DAY,
        from_microseconds(start_us.max()).date() + _DAY,
    )
    with_rows = _sessions_with_rows(start_us, calendar)
    if not len(with_rows):
        return [], 0
    traded = [
        index
        for index in range(int(with_rows[0]), int(with_rows[-1]) + 1)
        if (request.start is None or calendar[index].date >= request.start)
        and (request.end is None or calendar[index].date <= request.end)
    ]
    if not traded or not np.any((with_rows >= traded[0]) & (with_rows <= traded[-1])):
        return [], 0
    first = int(with_rows[0]) if warm_up else traded[0]
    return calendar[first : traded[-1] + 1], traded[0] - first


def _sessions_with_rows(start_us: Integers, calendar: list[Session]) -> Integers:
    if not calendar:
        return np.zeros(0, dtype=np.int64)
    opens = np.array([to_microseconds(session.open) for session in calendar], dtype=np.int64)
    closes = np.array([to_microseconds(session.close) for session in calendar], dtype=np.int64)
    number = np.searchsorted(opens, start_us, side="right").astype(np.int64) - 1
    inside = (number >= 0) & (start_us < closes[np.maximum(number, 0)])
    return np.flatnonzero(np.bincount(number[inside], minlength=len(calendar))).astype(np.int64)


def _left_out(traded: Sequence[Session], request: BacktestRequest) -> tuple[bool, bool]:
    """Return whether sessions that were asked for lie before the traded ones, and after them."""
    first, last = traded[0].date, traded[-1].date
    before = request.start is not None and request.start < first
    after = request.end is not None and request.end > last
    return (
        before and _between(request, first - _LONGEST_GAP, first - _DAY),
        after and _between(request, last + _DAY, last + _LONGEST_GAP),
    )


def _between(request: BacktestRequest, first: date, last: date) -> bool:
    first, last = max(first, request.start or first), min(last, request.end or last)
    return bool(sessions_between(request.exchange, first, last))


def _rows_near(rows: AnyRows, sessions: list[Session]) -> AnyRows:
    """Leave out other days' rows, so that counts of what was dropped speak of these sessions."""
    begin = to_microseconds(sessions[0].open - _HALF_A_DAY)
    near = (rows.start_us >= begin) & (
        rows.start_us < to_microseconds(sessions[-1].close + _HALF_A_DAY)
    )
    return rows if near.all() else rows.take(near)


def _nothing_there(path: Path, request: BacktestRequest) -> BadInput:
    if (
        request.start
        and request.end
        and request.end - request.start < _LONGEST_GAP
        and not sessions_between(request.exchange, request.start, request.end)
    ):
        return _no_session(request)
    first, last = date_range(
        path, request.format, request.exchange, symbols=request.symbols or None
    )
    between = f" from {request.start or first} to {request.end or last}"
    of = f" of {', '.join(request.symbols[:5])}" if request.symbols else ""
    return BadInput(
        f"{path} has no bars{of} in {request.exchange} sessions{between}",
        f"Its times run from {first} to {last}",
    )


def _no_session(request: BacktestRequest) -> BadInput:
    return BadInput(
        f"{request.exchange} has no session from {request.start} to {request.end}",
        "These are weekends or holidays: choose other dates",
    )
