"""The account: money, positions, trades and how they did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import AccountAnswer
from api.performance import PerformanceAnswer, Period, performance
from blocks.account.day.begun_session import read_begun
from blocks.account.day.fills import read_initial_stops
from blocks.account.facts import AccountFacts, read_facts
from blocks.ledger.damage import reading_rows
from blocks.ledger.tables import read_orders, read_positions, read_signals
from blocks.live.held import PositionAnswer
from blocks.live.source import Source
from blocks.records.order import Order
from blocks.records.signal import Signal
from blocks.records.trade import TradeStatus
from blocks.telemetry.trades import MOST_ROWS, NotedTrade

# More than an account trades in a life, and far from where a database's numbers end.
FARTHEST_ROW = 10_000_000
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Symbol = Annotated[str | None, Query(pattern="^[!-~]{1,20}$")]


def account_routes(source: Source) -> APIRouter:
    """Return the routes of the account."""
    routes = APIRouter(prefix="/api")

    @routes.get("/account")
    def account() -> AccountAnswer:
        return AccountAnswer.of(_facts(source))

    @routes.get("/positions")
    def positions() -> list[PositionAnswer]:
        with source.reading() as connection:
            held, begun = read_positions(connection), read_begun(connection)
            stops = {} if begun is None else read_initial_stops(connection, begun, held)
        return [PositionAnswer.of(position, stops.get(position.symbol)) for position in held]

    @routes.get("/orders")
    def orders(live: bool = True, limit: Limit = 100) -> list[Order]:
        with source.reading() as connection:
            return read_orders(connection, live=live, limit=limit)

    @routes.get("/signals")
    def signals(
        limit: Limit = 100,
        symbol: Symbol = None,
    ) -> list[Signal]:
        with source.reading() as connection:
            return read_signals(connection, limit, symbol.upper() if symbol else None)

    @routes.get("/trades")
    def trades(
        limit: Limit = 50,
        offset: Annotated[int, Query(ge=0, le=FARTHEST_ROW)] = 0,
        symbol: Symbol = None,
        status: TradeStatus | None = None,
        strategy: Annotated[str | None, Query(max_length=100)] = None,
    ) -> list[NotedTrade]:
        wanted = symbol.upper() if symbol else None
        return source.trades().get_trades(wanted, status, strategy, limit, offset)

    @routes.get("/metrics/performance")
    def metrics_performance(period: Period = Period.ALL) -> PerformanceAnswer:
        capital = _facts(source).capital
        with reading_rows("the ledger's equity, trades or transfers"):
            return performance(source.trades(), source.ledger(), capital, period)

    return routes


def _facts(source: Source) -> AccountFacts:
    facts = source.report().facts
    # Without facts the reason is asked for again, and becomes the answer.
    return facts if facts is not None else read_facts(source.data_dir, source.account(), 1.0)
