"""How long positions stood without a resting stop, read from the journal of the newest sessions."""

from __future__ import annotations

from typing import Any

import duckdb
import orjson

from trading.market.calendar import from_microseconds
from trading.session.events import Unprotected

# Rows that are shown. Further back somebody asks the ledger itself.
MOST = 20


def protection_gaps(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return the newest times without protection, oldest first: symbol, shares, since, seconds.

    Seconds are the machine's, also of a replay whose clock goes faster.

    `became` is `over`, `left` where the position was left at market for it, or `stuck` where it
    could not be; `reason` says why.
    """
    rows = connection.execute(
        "SELECT session::VARCHAR, payload FROM journal WHERE kind = 'unprotected'"
        " ORDER BY session DESC, seq DESC LIMIT ?",
        [MOST],
    ).fetchall()
    return [_gap(session, orjson.loads(payload)) for session, payload in reversed(rows)]


def _gap(session: str, content: dict[str, Any]) -> dict[str, Any]:
    gap = Unprotected(**content)
    since = from_microseconds(gap.since_us).isoformat() if gap.since_us else None
    return {
        "session": session,
        "symbol": gap.symbol,
        "shares": gap.quantity,
        "since": since,
        "seconds": gap.seconds,
        "became": gap.became,
        "reason": gap.reason,
    }
