"""What came of a session's entries: a decision orders one, and the market may give none of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from blocks.account.day.decisions import Decision
from blocks.account.day.fills import SessionFill
from blocks.records.fields import Moment
from blocks.records.order import Order
from trading.counted import counted
from trading.session.orders import Leg


class Entry(Decision):
    """A decision that ordered an entry; `time` is its bar's END, at which it was made.

    `outcome` says in words what was traded of it.
    """

    time: Moment
    outcome: str


def entries_of(
    decisions: Sequence[Decision],
    interval: timedelta,
    fills: Iterable[SessionFill],
    orders: Iterable[Order],
) -> list[Entry]:
    """Return a session's entries, in the order of their decisions, with what came of each.

    What is filled of a symbol's entries belongs to the newest that was decided before it: after
    the middle of its bar, for a simulated fill bears its own bar's start, and a broker's clock may
    be some seconds behind.
    """
    parts = defaultdict[str, list[SessionFill]](list)
    for fill in fills:
        if fill.leg == Leg.ENTRY:
            parts[fill.symbol].append(fill)
    waiting = {order.symbol for order in orders if order.leg == Leg.ENTRY and order.is_live}
    followed: dict[str, datetime] = {}
    found: dict[tuple[str, datetime], Entry] = {}
    for each in sorted(decisions, key=lambda each: each.bar, reverse=True):
        begins, after = each.bar + interval / 2, followed.get(each.symbol)
        own = [
            fill
            for fill in parts[each.symbol]
            if begins <= fill.time and (after is None or fill.time < after)
        ]
        is_waiting = after is None and each.symbol in waiting
        found[each.symbol, each.bar] = Entry(
            **dict(each), time=each.bar + interval, outcome=_outcome(own, is_waiting=is_waiting)
        )
        followed[each.symbol] = begins
    return [found[each.symbol, each.bar] for each in decisions]


def _outcome(fills: Sequence[SessionFill], *, is_waiting: bool) -> str:
    shares = sum(abs(fill.quantity) for fill in fills)
    if not shares:
        return "nothing of it is filled yet" if is_waiting else "nothing of it was filled"
    paid = sum((abs(fill.quantity) * fill.price for fill in fills), Decimal(0))
    were = "was" if shares == 1 else "were"
    said = f"{counted(shares, 'share')} {were} filled at {paid / shares:.4f}"
    return f"{said} so far" if is_waiting else said
