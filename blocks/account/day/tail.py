"""What a session's journal adds to what was read of it: fills, stops, ends of orders, a bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import orjson

from blocks.account.day.bars import NewestBar, newest_bar_in
from blocks.account.day.begun_session import BegunSession
from blocks.account.day.fills import SessionFill, fill_in, stop_in
from blocks.ledger.damage import of_journal, reading_rows
from trading.session.broker.answers import in_words
from trading.session.orders import TERMINAL


@dataclass(frozen=True)
class Tail:
    """A session up to a row of its journal; `stops` are by symbol of its newest entry, USD.

    `ends` say by order why it ended, where its exchange gave a reason.
    """

    row: int = 0
    fills: tuple[SessionFill, ...] = ()
    stops: Mapping[str, float] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    newest_bar: NewestBar | None = None


def read_tail(connection: duckdb.DuckDBPyConnection, begun: BegunSession, before: Tail) -> Tail:
    """Return the session up to now, of which rows after `before` are read, once and together.

    A bar of five hundred symbols is 25 kB: of those that came in between, none is read. Raises
    StoreUnavailable when a row is damaged.
    """
    rows = connection.execute(
        "WITH added AS (SELECT seq, kind FROM journal WHERE session = ? AND seq > ?"
        " AND (kind IN ('fill', 'intent', 'bar')"
        " OR kind = 'order_update' AND NOT contains(payload, '\"reason\":\"\"'))),"
        " wanted AS (SELECT seq FROM added WHERE kind != 'bar'"
        " UNION ALL SELECT max(seq) FROM added WHERE kind = 'bar')"
        " SELECT seq, kind, payload FROM journal WHERE seq IN (SELECT seq FROM wanted)"
        " ORDER BY seq",
        [begun.session, before.row],
    ).fetchall()
    if not rows:
        return before
    fills, stops, newest = list(before.fills), dict(before.stops), before.newest_bar
    ends = dict(before.ends)
    with reading_rows(of_journal(begun.session)):
        for _, kind, payload in rows:
            content: dict[str, Any] = orjson.loads(payload)
            if kind == "fill":
                fills.append(fill_in(content))
            elif kind == "bar":
                newest = newest_bar_in(content, begun)
            elif kind == "order_update":
                # Rows of earlier versions name none.
                if content["status"] in TERMINAL and content.get("reason"):
                    ends[content["client_order_id"]] = in_words(content["reason"])
            elif (stop := stop_in(content)) is not None:
                stops[content["symbol"]] = stop
    return Tail(int(rows[-1][0]), tuple(fills), stops, ends, newest)
