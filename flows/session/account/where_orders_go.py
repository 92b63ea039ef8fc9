"""Where an account's orders go: to the simulated venue, to a broker, or to both."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.exchange.shadow import ShadowExchange
from blocks.ledger.ledger import DuckDBLedger
from flows.session.account.replayed_time import ToldTime
from flows.session.request import SessionRequest
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.broker.exchange_port import Exchange


def exchange_of(
    request: SessionRequest, plan: RunPlan, ledger: DuckDBLedger, broker: Exchange | None
) -> Exchange:
    """Return where orders go; a store of an earlier version has the symbols of its newest session.

    `broker` is the account at a broker, None with the simulated venue alone.
    """
    if broker is not None and not request.shadow:
        return broker
    stored = ledger.newest_plan().get("symbols")
    venue = request.parts.exchange(request.account, plan, stored)
    return venue if broker is None else ShadowExchange(venue, broker)


def broker_of(
    request: SessionRequest, plan: RunPlan, replayed: Sequence[Session], told: ToldTime
) -> Exchange | None:
    """Return the account at the broker that is set, None with the simulated venue alone."""
    if request.parts.broker.is_mock:
        return None
    if not replayed:
        return request.parts.broker_exchange(plan.symbols)
    return request.parts.broker_exchange(plan.symbols, replayed[0], request.speed, told)
