"""The account: money, positions, trades and how they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.performance import Period, performance
from api.source import Source
from blocks.account.facts import AccountFacts, read_facts
from blocks.telemetry.trades import MOST_TRADES, TradeStatus


def account_routes(source: Source) -> APIRouter:
    """Return the routes of the account."""
    routes = APIRouter(prefix="/api")

    @routes.get("/account")
    def account() -> dict[str, Any]:
        facts = _facts(source)
        return _plain(
            {
                "account": facts.account,
                "equity": facts.value,
                "cash": facts.cash,
                "buying_power": facts.buying_power,
                "gross_exposure": facts.gross,
                "initial_capital": facts.capital,
                "realized_pnl": facts.realized,
                "open_positions": len(facts.positions),
                "trades": facts.trades,
                "last_bar": facts.last_bar,
                "halt": None if facts.halt is None else asdict(facts.halt),
                "source": facts.plan.get("source"),
            }
        )

    @routes.get("/positions")
    def positions() -> list[dict[str, Any]]:
        return [_position(row) for row in _facts(source).positions]

    @routes.get("/trades")
    def trades(
        limit: Annotated[int, Query(ge=1, le=MOST_TRADES)] = 50,
        offset: Annotated[int, Query(ge=0)] = 0,
        symbol: Annotated[str | None, Query(max_length=20)] = None,
        status: TradeStatus | None = None,
    ) -> list[dict[str, Any]]:
        wanted = symbol.upper() if symbol else None
        found = source.trades().get_trades(limit, offset, wanted, status)
        return [_plain(asdict(trade)) for trade in found]

    @routes.get("/metrics/performance")
    def metrics_performance(period: Period = Period.ALL) -> dict[str, Any]:
        facts = _facts(source)
        return _plain(performance(source.trades(), source.ledger(), facts.capital, period))

    return routes


def _facts(source: Source) -> AccountFacts:
    facts = source.report().facts
    # Without facts the reason is asked for again, and becomes the answer.
    return facts if facts is not None else read_facts(source.data_dir, source.account(), 1.0)


def _position(row: Any) -> dict[str, Any]:
    quantity, entry, mark = (float(row[name]) for name in ("quantity", "entry_price", "mark"))
    return _plain(
        dict(row)
        | {
            "quantity": int(quantity),
            "market_value": quantity * mark,
            "unrealized_pnl": quantity * (mark - entry),
        }
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:
    match value:
        case dict():
            return _plain(value)
        case list() | tuple():
            return [_plain_value(item) for item in value]
        case Decimal():
            return float(value)
        case datetime() | date():
            return value.isoformat()
        case StrEnum():
            return str(value)
        case _:
            return value
