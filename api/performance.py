"""How the account did: figures of its trades and of its equity per session."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np

from blocks.ledger.ledger import DuckDBLedger
from blocks.records.fields import Moment, Record, Symbol
from blocks.telemetry.trades import TradeStore
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS, ratios_of, worth_of
from trading.market.bars import Floats


class Period(StrEnum):
    """How far back figures reach from the account's last bar, which a replay has in the past."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"


DAYS = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30, Period.YEAR: 365}


class SymbolResultAnswer(Record):
    """What a symbol's closed trades earned in the period, USD; `wins` of them earned money."""

    symbol: Symbol
    trades: int
    wins: int
    pnl: float


class PerformanceAnswer(Record):
    """How the account did in a period; None where there are too few trades or sessions to say.

    `symbols` are those that were traded, what cost most first.
    """

    period: Period
    since: Moment | None
    trades: int
    wins: int
    losses: int
    total_pnl: float
    win_rate: float | None
    average_win: float | None
    average_loss: float | None
    profit_factor: float | None
    largest_win: float | None
    largest_loss: float | None
    sessions: int
    initial_equity: float | None
    final_equity: float | None
    total_return: float | None
    max_drawdown: float | None
    sharpe: float | None
    sortino: float | None
    sessions_needed_for_ratios: int
    symbols: list[SymbolResultAnswer]


def performance(
    trades: TradeStore, ledger: DuckDBLedger, capital: float | None, period: Period
) -> PerformanceAnswer:
    """Return figures of a period; those that need more sessions than there are are None."""
    points = ledger.query("SELECT ts, session, equity FROM equity ORDER BY ts")
    since = None
    if points and period != Period.ALL:
        # A period of one day is the last session.
        since = datetime.combine(
            points[-1]["session"] - timedelta(days=DAYS[period] - 1), datetime.min.time(), UTC
        )
    inside = [p for p in points if since is None or p["ts"] >= since]
    before = [p for p in points if since is not None and p["ts"] < since]
    start = float(before[-1]["equity"]) if before else capital
    figures: dict[str, Any] = {
        "period": period,
        "since": since,
        **asdict(trades.get_pnl_stats(since)),
        "sessions": 0,
        "initial_equity": start,
        "final_equity": start,
        "total_return": None,
        "max_drawdown": None,
        "sharpe": None,
        "sortino": None,
        "sessions_needed_for_ratios": FEWEST_SESSIONS_FOR_RATIOS,
        "symbols": [
            SymbolResultAnswer(**asdict(each)) for each in trades.get_symbol_results(since)
        ],
    }
    if not inside or not start:
        return PerformanceAnswer(**figures)
    first = before[-1]["session"] if before else None
    transfers = ledger.query("SELECT session, amount FROM transfers")
    per_bar = _returns(
        [(p["session"], float(p["equity"])) for p in inside], start, first, transfers
    )
    # The last point of a session is its end: later ones replace earlier ones.
    ends = {p["session"]: float(p["equity"]) for p in inside}
    per_session = _returns(list(ends.items()), start, first, transfers)
    ratios = ratios_of(per_session, worth_of(per_bar), 1.0)
    whole = {
        "sessions": len(per_session),
        "final_equity": float(inside[-1]["equity"]),
        "total_return": float(np.prod(1 + per_bar) - 1),
        "max_drawdown": ratios.max_drawdown,
        "sharpe": ratios.sharpe,
        "sortino": ratios.sortino,
    }
    return PerformanceAnswer(**(figures | whole))


def _returns(
    points: list[tuple[date, float]],
    start: float,
    first: date | None,
    transfers: list[dict[str, Any]],
) -> Floats:
    """Return what each point earned on the one before: money that came between them is none."""
    returns, before, session = [], start, first
    for current, equity in points:
        moved = sum(
            float(transfer["amount"])
            for transfer in transfers
            if transfer["session"] < current and (session is None or transfer["session"] >= session)
        )
        # An account that was emptied earns nothing, and no part of nothing.
        begun = before + moved
        returns.append(equity / begun - 1 if begun else 0.0)
        before, session = equity, current
    return np.array(returns)
