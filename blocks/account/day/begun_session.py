"""A session as its first row in the journal began it: hours, plan, and the money it began with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import orjson

from blocks.account.explanation.line import StrategyWords
from blocks.ledger.damage import WAY_OUT, damaged
from blocks.ledger.notes.kept_plan import plan_in_row
from trading.errors import StoreUnavailable
from trading.market.calendar import Session, from_microseconds


@dataclass(frozen=True)
class BegunSession:
    """A session of the journal; `baseline` is its equity at the open, USD.

    It holds what was `moved` before the first bar, when a broker's money was met: that is no
    profit, and the day's limit counts from it (see `trading.session.book_events.move_money`).
    `first_row` is the number of its first row, `initial_stops` the stops by symbol, USD, with
    which positions that it took over were entered.
    """

    session: date
    opens: datetime
    closes: datetime
    plan: Mapping[str, Any]
    baseline: float
    is_closed: bool
    first_row: int
    initial_stops: Mapping[str, float] = field(default_factory=dict)
    moved: float = 0.0

    @property
    def hours(self) -> Session:
        """Return the session of the calendar."""
        return Session(self.session, self.opens, self.closes)

    @property
    def interval(self) -> timedelta:
        """Return the length of a bar."""
        return timedelta(minutes=float(self.plan.get("interval_minutes", 5)))

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols in the order of the journal's bars."""
        return tuple(str(symbol) for symbol in self.plan.get("symbols", ()))

    @property
    def words(self) -> StrategyWords:
        """Return what the strategy calls its levels and reasons."""
        return StrategyWords.of(self.plan)

    @property
    def loss_limit(self) -> float | None:
        """Return the equity, USD, at which the day's loss limit ends trading, None without one."""
        return self.loss_limit_of(self.baseline)

    def loss_limit_of(self, baseline: float) -> float | None:
        """Return that of a session of this plan that begins with another equity, USD.

        Source: `trading.engine.risk.loses_too_much`.
        """
        fraction = self.plan.get("risk", {}).get("max_daily_loss_pct")
        return None if fraction is None else baseline * (1 - float(fraction))


def read_begun(
    connection: duckdb.DuckDBPyConnection,
    session: date | None = None,
    before: BegunSession | None = None,
) -> BegunSession | None:
    """Return a session, the newest where none is named; None where it was not begun.

    `before` is what was read last: its row does not change, and that of five hundred symbols takes
    a while to be read. Raises StoreUnavailable when its row is damaged.
    """
    found = connection.execute(
        "SELECT seq, session, session IN"
        " (SELECT session FROM journal WHERE kind = 'session_closed') FROM journal"
        " WHERE kind = 'session_started' AND (?::DATE IS NULL OR session = ?::DATE)"
        " ORDER BY session DESC, seq LIMIT 1",
        [session, session],
    ).fetchone()
    if found is None:
        return None
    number, day, is_closed = found
    if day is None:
        raise damaged(f"row {number} of the journal", "it is of no session")
    moved = _moved_in(connection, day)
    if before is not None and (before.first_row, before.session) == (number, day):
        baseline = before.baseline - before.moved + moved
        return replace(before, is_closed=bool(is_closed), baseline=baseline, moved=moved)
    (payload,) = connection.execute(
        "SELECT payload FROM journal WHERE seq = ?", [number]
    ).fetchall()[0]
    try:
        plan = plan_in_row(payload, f"row {number} of the journal")
        content = orjson.loads(payload)
        book = content.get("inheritance", {}).get("book", {})
        return BegunSession(
            day,
            from_microseconds(content["open_us"]).astimezone(UTC),
            from_microseconds(content["close_us"]).astimezone(UTC),
            plan,
            (_worth(book) if book else float(plan.get("capital", 0.0))) + moved,
            bool(is_closed),
            int(number),
            _initial_stops(content.get("inheritance", {})),
            moved,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise StoreUnavailable(
            f"row {number} of the journal does not say how session {day} began", WAY_OUT
        ) from error


def _moved_in(connection: duckdb.DuckDBPyConnection, session: date) -> float:
    """Return what came in a session, USD; what comes after its close is the next one's."""
    (moved,) = connection.execute(
        "SELECT coalesce(sum((payload->>'$.amount')::DOUBLE), 0) FROM journal"
        " WHERE session = ? AND kind = 'transfer' AND seq < coalesce("
        "(SELECT min(seq) FROM journal WHERE session = ? AND kind = 'session_closed'),"
        " 9223372036854775807)",
        [session, session],
    ).fetchall()[0]
    return float(moved)


def _worth(book: Mapping[str, Any]) -> float:
    """Return the equity of a book as the journal keeps it: its cash and what is held at its mark.

    Cash is the first of the account's amounts (see `trading.engine.book`).
    """
    held = zip(book["quantity"], book["mark"], strict=True)
    return float(book["money"][0]) + float(sum(n * mark for n, mark in held if n))


def _initial_stops(inheritance: Mapping[str, Any]) -> dict[str, float]:
    book = inheritance.get("book", {})
    rows = zip(
        inheritance.get("symbols", ()),
        book.get("quantity", ()),
        book.get("initial_stop", ()),
        strict=False,
    )
    return {str(symbol): float(stop) for symbol, held, stop in rows if held and stop is not None}
