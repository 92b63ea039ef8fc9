"""What protects a position at a broker that rests nothing by itself."""

from __future__ import annotations

import math

from trading.session.events import Intent
from trading.session.orders import Leg, Order, Status
from trading.session.planning.circumstances import Circumstances
from trading.session.planning.order_names import OrderNames, next_attempt
from trading.session.planning.standing import Standing, ends_of
from trading.session.protection.legs import PROTECTION, is_filling, legs_of


def guard_of(names: OrderNames, standing: Standing, now: Circumstances) -> list[Intent]:
    """Return what makes a position's protection equal its quantity and the book's levels.

    Legs that an entry carries are its broker's affair until it is over: they rest once it is
    filled whole, and what is left of them when it was cancelled is looked up first.
    """
    ended = [names.cancel(order) for order in _ended(standing, now)]
    if ended:
        return ended
    if any(is_filling(order) and legs_of(order) for order in standing.live):
        return []
    stop, target = _levels(standing, now)
    stops, targets = standing.live_of(Leg.STOP), standing.live_of(Leg.TARGET)
    wrong = [order for order in (*stops, *targets) if order.remaining != abs(standing.held)]
    # A leg that still waits for an entry that is over would wait for ever.
    asleep = [order for order in (*stops, *targets) if order.status == Status.HELD]
    extra = [*stops[1:], *targets[1:], *asleep]
    is_bare = (
        stop is not None and not stops and not any(_has_stop(order, standing) for order in targets)
    )
    if now.abilities.counts_open_exits and (wrong or extra or (is_bare and targets)):
        # What rests counts as one; another quantity fits beside it only once it is gone.
        return [names.cancel(order) for order in ends_of([*stops, *targets], now.abilities)]
    if extra:
        return [names.cancel(order) for order in dict.fromkeys(extra)]
    moved: list[Intent] = []
    for resting, level in ((stops, stop), (targets, target)):
        if resting and level is not None and (resting[0] in wrong or resting[0].price != level):
            whole = resting[0].filled + abs(standing.held)
            quantity = whole if standing.held < 0 else -whole
            moved.append(names.move(resting[0], quantity, level))
    return moved + _placed(names, standing, now, stop, target)


def _ended(standing: Standing, now: Circumstances) -> list[Order]:
    """Return what must be gone before anything is placed: an opposite order, the rest of an entry.

    An entry that goes on to fill is left its time.
    """
    is_awaited = standing.book.pending[standing.s] != 0 and standing.symbol not in now.washed
    return [
        order
        for order in standing.live
        if order.leg == Leg.EXIT
        or (order.leg == Leg.ENTRY and (not is_awaited or order.client_order_id in now.cut))
    ]


def _levels(standing: Standing, now: Circumstances) -> tuple[float | None, float | None]:
    """Return where stop and target are to rest, None where one is not to."""
    book, s, abilities = standing.book, standing.s, now.abilities
    stop, target = float(book.stop[s]), float(book.target[s])
    has_target = not math.isnan(target) and standing.symbol not in now.without_target
    if has_target and abilities.counts_open_exits and not abilities.oco and not math.isnan(stop):
        # Both rest as the legs of an entry, and cannot be placed again as two orders.
        has_target = bool(standing.live_of(Leg.TARGET))
    return None if math.isnan(stop) else stop, target if has_target else None


def _placed(
    names: OrderNames,
    standing: Standing,
    now: Circumstances,
    stop: float | None,
    target: float | None,
) -> list[Intent]:
    has_stop = bool(standing.live_of(Leg.STOP)) or any(
        _has_stop(order, standing) for order in standing.live_of(Leg.TARGET)
    )
    has_target = bool(standing.live_of(Leg.TARGET))
    wants_stop = stop is not None and not has_stop and standing.symbol not in now.without_stop
    wants_target = target is not None and not has_target
    if not now.abilities.counts_open_exits:
        asked = [_single(names, standing, Leg.STOP, stop)] if wants_stop else []
        return [*asked, *([_single(names, standing, Leg.TARGET, target)] if wants_target else [])]
    if wants_stop and wants_target:
        return [_pair(names, standing, stop, target)]
    if wants_stop:
        return [_single(names, standing, Leg.STOP, stop)]
    # A target beside a stop that rests would be more than is held.
    return [_single(names, standing, Leg.TARGET, target)] if wants_target and stop is None else []


def _single(names: OrderNames, standing: Standing, leg: Leg, level: float | None) -> Intent:
    attempt = max(next_attempt(standing.known, each) for each in PROTECTION)
    return Intent(
        "submit",
        names.name(standing.symbol, leg, attempt),
        standing.symbol,
        leg,
        -standing.held,
        names.epoch,
        attempt,
        price=level,
    )


def _pair(
    names: OrderNames, standing: Standing, stop: float | None, target: float | None
) -> Intent:
    """Return a target with a stop of which one ends the other."""
    attempt = max(next_attempt(standing.known, each) for each in PROTECTION)
    return Intent(
        "submit",
        names.name(standing.symbol, Leg.TARGET, attempt),
        standing.symbol,
        Leg.TARGET,
        -standing.held,
        names.epoch,
        attempt,
        price=target,
        stop_price=stop,
        stop_id=names.name(standing.symbol, Leg.STOP, attempt),
    )


def _has_stop(target: Order, standing: Standing) -> bool:
    """Return whether a target was placed with a stop that nobody has seen end."""
    ended = (order.client_order_id for order in standing.known if not order.is_live)
    return target.stop_id is not None and target.stop_id not in ended
