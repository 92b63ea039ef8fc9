"""How much an account was worth: bar by bar in a session, and session by session."""

from __future__ import annotations

from datetime import date

import duckdb

from blocks.ledger.notes.kept_plan import newest_plan, plan_in_row
from blocks.records.fields import Moment, Money, Ratio, Record

# Bars of a minute in a market that never closes, and the open itself.
MOST_POINTS = 1441
MOST_DAYS = 3000


class EquityPoint(Record):
    """The account's equity, USD, at the close of the bar that is named by its START."""

    time: Moment
    equity: Money


class DayResult(Record):
    """What a session earned: `pnl` in USD, `pnl_pct` a fraction of the equity at its open.

    Money that was paid in or out is no profit. `worst_trade` is the largest loss, USD.
    """

    session: date
    equity: Money
    pnl: Money
    pnl_pct: Ratio | None
    trades: int
    worst_trade: Money | None


def read_curve(connection: duckdb.DuckDBPyConnection, session: date) -> list[EquityPoint]:
    """Return a session's points in order."""
    rows = connection.execute(
        "SELECT ts, equity FROM equity WHERE session = ? ORDER BY ts LIMIT ?",
        [session, MOST_POINTS],
    ).fetchall()
    return [EquityPoint(time=time, equity=equity) for time, equity in rows]


def first_capital(connection: duckdb.DuckDBPyConnection) -> float | None:
    """Return the money, USD, that the account's first session began with, None before it."""
    row = connection.execute(
        "SELECT seq, payload FROM journal WHERE kind = 'session_started' ORDER BY session, seq"
        " LIMIT 1"
    ).fetchone()
    plan = {} if row is None else plan_in_row(row[1], f"row {row[0]} of the journal")
    capital = (plan if "capital" in plan else newest_plan(connection)).get("capital")
    return None if capital is None else float(capital)


def read_days(
    connection: duckdb.DuckDBPyConnection, capital: float | None, limit: int = MOST_DAYS
) -> list[DayResult]:
    """Return what each session earned, the newest first; `capital` is what the account began with.

    A session is compared with the end of the one before and with what was moved since then.
    """
    rows = connection.execute(
        "WITH ends AS (SELECT session, arg_max(equity, ts) AS equity FROM equity GROUP BY session),"
        " moved AS (SELECT session, sum(amount) AS amount FROM transfers GROUP BY session),"
        " traded AS (SELECT session, count(*) AS trades, min(pnl) AS worst FROM trades"
        " GROUP BY session),"
        " ordered AS (SELECT e.session, e.equity,"
        " lag(e.equity) OVER days AS before, lag(e.session) OVER days AS previous"
        " FROM ends e WINDOW days AS (ORDER BY e.session))"
        " SELECT o.session, o.equity,"
        " coalesce(o.before, ?::DECIMAL(18,6)) + coalesce((SELECT sum(amount) FROM moved m"
        " WHERE m.session < o.session AND (o.previous IS NULL OR m.session >= o.previous)), 0),"
        " coalesce(t.trades, 0), t.worst"
        " FROM ordered o LEFT JOIN traded t ON t.session = o.session"
        " ORDER BY o.session DESC LIMIT ?",
        [capital or 0.0, limit],
    ).fetchall()
    return [
        DayResult(
            session=session,
            equity=equity,
            pnl=equity - before,
            pnl_pct=float((equity - before) / before) if before else None,
            trades=trades,
            worst_trade=worst,
        )
        for session, equity, before, trades, worst in rows
    ]
