"""What a session wanted to enter and did not: late bars, and entries that came to nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from trading.reasons import Reason
from trading.session.broker.answers import in_words
from trading.session.orders import TERMINAL, Status

Rows = list[dict[str, Any]]

_BARS = """
SELECT session::VARCHAR AS session, count(DISTINCT bar) AS bars,
    count(DISTINCT bar) FILTER (WHERE reason = ?) AS late
FROM decisions WHERE session = (SELECT max(session) FROM decisions) GROUP BY session
"""
_UNFILLED = """
SELECT client_order_id FROM orders WHERE session = ? AND leg = 'entry' AND filled = 0
"""
_UPDATES = """
SELECT payload FROM journal WHERE session = ? AND kind = 'order_update'
    AND contains(payload, '"leg":"entry"') ORDER BY seq
"""
# Of what strategy and operator have ended themselves nobody wonders.
_ENDED = tuple(status.value for status in TERMINAL if status != Status.FILLED)


@dataclass(frozen=True)
class EntriesMissed:
    """Of how many of a session's `bars` the decision came too late, and what entries came to.

    `entries` are by symbol and reason, in words, how many ended unfilled for it.
    """

    session: str
    bars: int
    late_bars: int
    entries: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Return it in words, an empty text where nothing was missed."""
        said = [
            f"{count} of {symbol} ({why})" if count > 1 else f"{symbol} ({why})"
            for (symbol, why), count in self.entries.items()
        ]
        late = f"{self.late_bars} of {self.bars} bars came too late to enter by"
        nothing = f"entries that came to nothing: {', '.join(said)}"
        return "; ".join([late] * bool(self.late_bars) + [nothing] * bool(said))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        entries = [
            {"symbol": symbol, "reason": why, "count": count}
            for (symbol, why), count in self.entries.items()
        ]
        return {
            "session": self.session,
            "bars": self.bars,
            "late_bars": self.late_bars,
            "entries": entries,
        }


def entries_missed(ask: Callable[[str, list[object]], Rows]) -> EntriesMissed | None:
    """Return what the newest session did not enter, None before its first decision.

    `ask` takes a question of the ledger with its values and returns rows.
    """
    rows = ask(_BARS, [Reason.MISSED.word])
    if not rows:
        return None
    session, bars, late = rows[0].values()
    unfilled = {row["client_order_id"] for row in ask(_UNFILLED, [session])}
    ends: dict[str, tuple[str, str]] = {}
    for row in ask(_UPDATES, [session]) if unfilled else ():
        update = orjson.loads(row["payload"])
        name, why = update["client_order_id"], update["reason"]
        if name in unfilled and why and update["status"] in _ENDED:
            ends[name] = (update["symbol"], _in_words(why))
    return EntriesMissed(session, bars, late, dict(Counter(ends.values())))


def _in_words(reason: str) -> str:
    return Reason.MISSED.label if reason == Reason.MISSED.word else in_words(reason)
