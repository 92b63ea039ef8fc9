"""A session of an account read at one moment: everything that a page of it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import duckdb

from blocks.account.day.bars import NewestBar, read_first_prices
from blocks.account.day.begun_session import BegunSession, read_begun
from blocks.account.day.decisions import (
    Decision,
    ReasonCount,
    Verdict,
    count_reasons,
    newest_verdicts,
    read_decisions,
)
from blocks.account.day.entries import Entry, entries_of
from blocks.account.day.equity import (
    MOST_DAYS,
    DayResult,
    EquityPoint,
    first_capital,
    read_curve,
    read_days,
)
from blocks.account.day.fills import MOST_FILLS, SessionFill
from blocks.account.day.messages import SessionMessage, read_messages
from blocks.account.day.tail import Tail, read_tail
from blocks.account.plan_changes import plan_changes
from blocks.ledger.parity.tables import ParityRow, read_parity
from blocks.ledger.tables import read_positions, read_session_orders, read_session_trades
from blocks.records.order import Order
from blocks.records.position import Position
from blocks.records.trade import Trade

MOST_DECISIONS = 120
MOST_ENTRIES = 500
MOST_ORDERS = 200
MOST_MESSAGES = 60
PARITY_SESSIONS = 20


@dataclass(frozen=True)
class DayReading:
    """A session and the account around it; `begun` is None before the account's first session.

    `capital` is what the account began with, USD.

    `orders` are those that may still change first, each with why it ended where that is known, else
    why it was sent; `trades` what cost most first, `days` the newest first. `initial_stops` are
    those that open positions were entered with, USD, and `verdicts` what was said at the newest
    bar by symbol.
    """

    begun: BegunSession | None = None
    capital: float | None = None
    curve: list[EquityPoint] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    initial_stops: Mapping[str, float] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    tail: Tail = field(default_factory=Tail)
    decisions: list[Decision] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    reasons: list[ReasonCount] = field(default_factory=list)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    first_prices: Mapping[str, float] = field(default_factory=dict)
    messages: list[SessionMessage] = field(default_factory=list)
    days: list[DayResult] = field(default_factory=list)
    parity: list[ParityRow] = field(default_factory=list)
    plan_changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def fills(self) -> list[SessionFill]:
        """Return the session's fills in their order, the newest thousand."""
        return list(self.tail.fills[-MOST_FILLS:])

    @property
    def newest_bar(self) -> NewestBar | None:
        """Return the bar that was consumed last, None before the first."""
        return self.tail.newest_bar

    @property
    def equity(self) -> float | None:
        """Return the session's newest equity, at its open the baseline; None without a session."""
        if self.curve:
            return float(self.curve[-1].equity)
        return None if self.begun is None else self.begun.baseline

    @property
    def is_latched(self) -> bool:
        """Return whether an equity of the session reached the day's loss limit."""
        limit = None if self.begun is None else self.begun.loss_limit
        return limit is not None and any(float(point.equity) <= limit for point in self.curve)


def read_day(
    connection: duckdb.DuckDBPyConnection,
    session: date | None = None,
    before: DayReading | None = None,
) -> DayReading:
    """Return a session, the newest where none is named; without one what there is without it.

    `before` is what was read of it last: what cannot have changed since is taken from there.
    """
    begun = read_begun(connection, session, None if before is None else before.begun)
    capital = None if before is None else before.capital
    if capital is None:
        capital = first_capital(connection)
    everything = DayReading(
        capital=capital,
        messages=read_messages(connection, MOST_MESSAGES, session),
        days=read_days(connection, capital),
        parity=read_parity(connection, PARITY_SESSIONS if session is None else MOST_DAYS),
    )
    if begun is None:
        return everything
    day = begun.session
    positions = read_positions(connection) if session is None else []
    is_same = (
        before is not None
        and before.begun is not None
        and before.begun.first_row == begun.first_row
    )
    tail = read_tail(connection, begun, before.tail if is_same and before else Tail())
    # What a session took over it was not entered again for: the newest entry is the position's.
    stops = {**begun.initial_stops, **tail.stops}
    orders = [
        order.model_copy(update={"reason": tail.ends.get(order.client_order_id, order.reason)})
        for order in read_session_orders(connection, day, MOST_ORDERS)
    ]
    entries = read_decisions(connection, day, begun.words, MOST_ENTRIES, entries_only=True)
    return replace(
        everything,
        begun=begun,
        curve=read_curve(connection, day),
        positions=positions,
        initial_stops={
            each.symbol: stops[each.symbol] for each in positions if each.symbol in stops
        },
        orders=orders,
        trades=read_session_trades(connection, day),
        tail=tail,
        decisions=[]
        if session is not None
        else read_decisions(connection, day, begun.words, MOST_DECISIONS),
        entries=entries_of(entries, begun.interval, tail.fills, orders),
        reasons=count_reasons(connection, day, begun.words),
        verdicts={each.symbol: each for each in newest_verdicts(connection, day)},
        first_prices=(is_same and before and before.first_prices)
        or read_first_prices(connection, begun),
        # Thirty whole plans, of five hundred symbols each, are read once a session.
        plan_changes=before.plan_changes if is_same and before else plan_changes(connection),
    )
