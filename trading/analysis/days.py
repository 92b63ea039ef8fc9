"""What each session came to, the worst and the best of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from trading.backtest.performance import Course, trade_columns
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid, Session, to_microseconds

MOST_DAYS = 5


@dataclass(frozen=True, slots=True)
class Day:
    """A session: its profit in USD by the equity, as a fraction, and the trades entered in it."""

    date: date
    profit: float
    share: float
    trades: int


@dataclass(frozen=True, slots=True)
class Days:
    """Every session in order, and the worst and best of those with a loss or a gain."""

    all: tuple[Day, ...]
    worst: tuple[Day, ...]
    best: tuple[Day, ...]


def days_of(outcome: Course, grid: Grid, capital: float, returns: Floats) -> Days:
    """Return what each traded session came to; `returns` are those of the sessions."""
    first = outcome.first_traded
    sessions = grid.sessions[first:]
    ends = grid.first_row[first + 1 :] - grid.first_row[first]
    worth = outcome.equity[ends - 1]
    profit = np.diff(worth, prepend=capital)
    trades = np.bincount(session_of_trades(outcome, sessions), minlength=len(sessions))
    found = tuple(
        Day(session.date, float(usd), float(share), int(count))
        for session, usd, share, count in zip(sessions, profit, returns, trades, strict=True)
    )
    by_profit = sorted(found, key=lambda day: (day.profit, day.date))
    return Days(
        found,
        tuple(day for day in by_profit if day.profit < 0)[:MOST_DAYS],
        tuple(day for day in reversed(by_profit) if day.profit > 0)[:MOST_DAYS],
    )


def session_of_trades(outcome: Course, sessions: tuple[Session, ...]) -> Integers:
    """Return the number of the session in which each trade was entered."""
    opens = np.array([to_microseconds(each.open) for each in sessions], dtype=np.int64)
    entry_us = trade_columns(outcome).entry_us.astype(np.int64)
    session: Integers = np.searchsorted(opens, entry_us, side="right").astype(np.int64) - 1
    return session
