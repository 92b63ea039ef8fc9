"""An account that was begun on another exchange than is asked for keeps its own."""

from __future__ import annotations

from dataclasses import replace

from flows.session.account.copies import has_ledger
from flows.session.request import SessionRequest
from trading.errors import BadInput, StoreUnavailable
from trading.plan_record import refuse_another_exchange


def on_its_own_terms(request: SessionRequest) -> SessionRequest:
    """Return a request with the exchange of its account, unfit where another one was asked for.

    So a session that is open goes on by its own calendar, and no further one is begun. A replay
    follows no clock and is returned as it is. Raises StoreUnavailable when the ledger cannot be
    read.
    """
    if request.replay is not None or not has_ledger(request):
        return request
    ledger = request.parts.ledger(request.account)
    try:
        known = ledger.newest_plan()
    finally:
        ledger.release()
    try:
        refuse_another_exchange(known, request.exchange, request.account)
    except BadInput as error:
        return replace(request, exchange=str(known["exchange"]), unfit=error)
    return request


def on_its_own_terms_if_readable(request: SessionRequest) -> SessionRequest:
    """Return the same, and the request as it is while the ledger is not to be had."""
    try:
        return on_its_own_terms(request)
    except StoreUnavailable:
        return request
