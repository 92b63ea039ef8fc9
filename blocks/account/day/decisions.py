"""What was decided of symbols at a session's bars, in words, what matters first."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import duckdb

from blocks.account.explanation.line import StrategyWords, reasoning
from blocks.ledger.tables import read_signals_of
from blocks.records.fields import Moment, Record, Symbol


class Decision(Record):
    """What was decided of a symbol at the bar that is named by its START; `words` say why."""

    session: date
    bar: Moment
    symbol: Symbol
    reason: str
    is_entry: bool
    words: str


class ReasonCount(Record):
    """How many symbols met the same verdict at the newest bar."""

    reason: str
    words: str
    symbols: int


class Verdict(NamedTuple):
    """Why a symbol was entered or not at a bar, and the strategy's two levels, USD."""

    symbol: str
    reason: str
    upper: float | None
    lower: float | None


def read_decisions(
    connection: duckdb.DuckDBPyConnection,
    session: date,
    words: StrategyWords,
    limit: int,
    symbol: str | None = None,
    *,
    entries_only: bool = False,
) -> list[Decision]:
    """Return decisions of a session, the newest bar first and its entries before the others."""
    signals = read_signals_of(connection, session, limit, symbol, entries_only=entries_only)
    return [
        Decision(
            session=signal.session,
            bar=signal.bar,
            symbol=signal.symbol,
            reason=signal.reason,
            is_entry=signal.side is not None,
            words=reasoning(signal, words),
        )
        for signal in signals
    ]


def count_reasons(
    connection: duckdb.DuckDBPyConnection, session: date, words: StrategyWords
) -> list[ReasonCount]:
    """Return the verdicts of a session's newest bar, the most frequent first."""
    rows = connection.execute(
        "SELECT reason, count(*) FROM decisions WHERE session = ?"
        " AND bar = (SELECT max(bar) FROM decisions WHERE session = ?)"
        " GROUP BY reason ORDER BY count(*) DESC, reason",
        [session, session],
    ).fetchall()
    return [
        ReasonCount(reason=reason, words=words.meaning_of(reason), symbols=count)
        for reason, count in rows
    ]


def newest_verdicts(connection: duckdb.DuckDBPyConnection, session: date) -> list[Verdict]:
    """Return what was said of each symbol at a session's newest bar."""
    rows = connection.execute(
        "SELECT symbol, reason, range_high::DOUBLE, range_low::DOUBLE FROM decisions"
        " WHERE session = ? AND bar = (SELECT max(bar) FROM decisions WHERE session = ?)",
        [session, session],
    ).fetchall()
    return [Verdict(*row) for row in rows]
