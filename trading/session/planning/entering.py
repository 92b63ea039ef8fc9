"""How an entry is asked for that the book waits for."""

from __future__ import annotations

import math

from trading.session.broker.facts import Abilities
from trading.session.entry_terms import EntryTerms, awaited_terms, terms_of
from trading.session.events import Intent
from trading.session.orders import Leg, Order, OrderType, Status
from trading.session.planning.order_names import OrderNames, next_attempt
from trading.session.planning.standing import Standing
from trading.session.protection.legs import PROTECTION, is_held, is_unheard, parent_of


def wanted_entry(names: OrderNames, standing: Standing, abilities: Abilities) -> Intent | None:
    """Return the entry that a symbol waits for and that is not under way, None where none is.

    One that is to be replaced is first known to be gone: it may be filled at this moment. The legs
    that the exchange takes with it have their ids in it, others follow its fill.
    """
    wanted = awaited_terms(standing.book, standing.s)
    if wanted is None or standing.live_of(Leg.ENTRY):
        return None
    is_reached = _is_reached(wanted, float(standing.book.previous_close[standing.s]))
    if wanted.order_type == OrderType.STOP and not (abilities.stop_entry or is_reached):
        # Nothing can wait for its level there: a close beyond it is waited for here.
        return None
    symbol, known = standing.symbol, standing.known
    attempt = next_attempt(known, Leg.ENTRY)
    protection = max(next_attempt(known, leg) for leg in PROTECTION)
    has_stop, has_target = _carried(wanted, abilities)
    return Intent(
        "submit",
        names.name(symbol, Leg.ENTRY, attempt),
        symbol,
        Leg.ENTRY,
        wanted.quantity,
        names.epoch,
        attempt,
        reference_price=wanted.reference_price,
        stop_price=wanted.stop_price,
        target_offset=wanted.target_offset,
        stop_id=names.name(symbol, Leg.STOP, protection) if has_stop else None,
        target_id=names.name(symbol, Leg.TARGET, protection) if has_target else None,
        order_type=wanted.order_type,
        level=wanted.level,
        target_kind=wanted.target_kind,
        is_reached=is_reached,
    )


def _carried(wanted: EntryTerms, abilities: Abilities) -> tuple[bool, bool]:
    """Return whether stop and target go with an entry."""
    has_target = wanted.target_offset is not None
    if abilities.rests_protection:
        return True, has_target
    has_stop = not math.isnan(wanted.stop_price)
    are_taken = abilities.bracket if has_stop and has_target else abilities.oto
    return has_stop and are_taken, has_target and are_taken


def unwanted(standing: Standing) -> list[Order]:
    """Return the live orders that are not to be, where nothing is held."""
    wanted = awaited_terms(standing.book, standing.s)
    return [
        order
        for order in standing.live
        if not _is_of(order, wanted)
        and not is_held(order, standing.known)
        and not _guards_unheard(order, standing.known)
    ]


def _guards_unheard(order: Order, known: list[Order]) -> bool:
    # The position is there, and only its news are late: its stop is not to be taken from it.
    parent = parent_of(order, known)
    return parent is not None and is_unheard(parent)


def _is_of(order: Order, wanted: EntryTerms | None) -> bool:
    if order.leg != Leg.ENTRY:
        return order.status == Status.TRIGGERED
    return terms_of(order) == wanted


def _is_reached(wanted: EntryTerms, close: float) -> bool:
    """Return whether price is beyond the level of a stop entry already; `close` may be NaN."""
    if wanted.order_type != OrderType.STOP or wanted.level is None:
        return False
    return close >= wanted.level if wanted.quantity > 0 else close <= wanted.level
