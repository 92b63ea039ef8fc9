"""Which messages go first, and which of them may go together."""

from __future__ import annotations

from trading.session.messages.message import Kind

# What somebody has to act on, and what he waits for.
URGENT = frozenset({Kind.SYSTEM_ERROR, Kind.DAILY_SUMMARY})
# What moved money.
MONEY = frozenset({Kind.ORDER_FILLED, Kind.TRADE_CLOSED})
ROUTINE_RANK = 2
# Of a longer queue as many routine messages go in one post as the channel takes: thirty posts a
# minute is what Discord bears, and a busy session writes more.
LONG_QUEUE = 10


def rank_of_kind(column: str) -> str:
    """Return the SQL of a kind's rank: 0 goes before 1, and 1 before the routine's 2."""
    urgent, money = (_listed(kinds) for kinds in (URGENT, MONEY))
    return (
        f"CASE WHEN {column} IN ({urgent}) THEN 0 WHEN {column} IN ({money}) THEN 1"
        f" ELSE {ROUTINE_RANK} END"
    )


def _listed(kinds: frozenset[Kind]) -> str:
    return ", ".join(f"'{kind}'" for kind in sorted(kinds))
