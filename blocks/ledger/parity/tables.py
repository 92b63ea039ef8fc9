"""Where a ledger keeps what replays of its sessions found: no part of the books."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import duckdb

PARITY_TABLES = ("parity", "parity_differences", "parity_fills", "parity_bars")
PARITY_SCHEMA = """
CREATE TABLE IF NOT EXISTS parity (
    session DATE PRIMARY KEY, checked_at TIMESTAMPTZ, verdict VARCHAR,
    decisions BIGINT, intents BIGINT, differences BIGINT,
    final_bars BIGINT, late BIGINT, revised BIGINT, missing BIGINT, gate BIGINT,
    decisions_changed BIGINT, trades_changed BIGINT,
    fills BIGINT, fills_priced BIGINT, shortfall_bps DOUBLE, shortfall_usd DECIMAL(18,6),
    note VARCHAR
);
CREATE TABLE IF NOT EXISTS parity_differences (
    session DATE, number BIGINT, kind VARCHAR, cause VARCHAR, bar TIMESTAMPTZ, symbol VARCHAR,
    kept VARCHAR, replayed VARCHAR, PRIMARY KEY (session, number)
);
CREATE TABLE IF NOT EXISTS parity_fills (
    session DATE, number BIGINT, ts TIMESTAMPTZ, symbol VARCHAR, leg VARCHAR, exec_id VARCHAR,
    quantity BIGINT, price DECIMAL(18,6), model_price DECIMAL(18,6),
    shortfall_bps DOUBLE, shortfall_usd DECIMAL(18,6), PRIMARY KEY (session, number)
);
CREATE TABLE IF NOT EXISTS parity_bars (session DATE PRIMARY KEY, hash VARCHAR);
"""


class ParityRow(NamedTuple):
    """What the replay of one session found, in counts.

    `verdict` is of the bars as consumed: `differences` is how many of its `decisions` and
    `intents` do not come again. The counts of bars by class, `final_bars` among them, are None
    where there are no final bars. The shortfall is that of all fills that the model fills too.
    """

    session: date
    checked_at: datetime
    verdict: str
    decisions: int
    intents: int
    differences: int
    final_bars: int | None
    late: int | None
    revised: int | None
    missing: int | None
    gate: int | None
    decisions_changed: int | None
    trades_changed: int | None
    fills: int
    fills_priced: int
    shortfall_bps: float | None
    shortfall_usd: float
    note: str


class DifferenceRow(NamedTuple):
    """One thing that differs; `bar` is a bar's START, None without one."""

    session: date
    number: int
    kind: str
    cause: str
    bar: datetime | None
    symbol: str
    kept: str
    replayed: str


class FillRow(NamedTuple):
    """A real fill beside the model's; `quantity` is signed, prices in USD."""

    session: date
    number: int
    ts: datetime
    symbol: str
    leg: str
    exec_id: str
    quantity: int
    price: float
    model_price: float | None
    shortfall_bps: float | None
    shortfall_usd: float | None


def read_parity(connection: duckdb.DuckDBPyConnection, last: int) -> list[ParityRow]:
    """Return what was found of the newest sessions that were replayed, the newest first."""
    sql = "SELECT * FROM parity ORDER BY session DESC LIMIT ?"
    return [
        ParityRow(*row)._replace(shortfall_usd=float(row[ParityRow._fields.index("shortfall_usd")]))
        for row in connection.execute(sql, [last]).fetchall()
    ]


def read_bars_hash(connection: duckdb.DuckDBPyConnection, session: date) -> str | None:
    """Return the hash of the final bars that a session was replayed on, None where none is kept."""
    sql = "SELECT hash FROM parity_bars WHERE session = ?"
    row = connection.execute(sql, [session]).fetchone()
    return None if row is None else str(row[0])


def read_differences(connection: duckdb.DuckDBPyConnection, session: date) -> list[DifferenceRow]:
    """Return what differs of a session, in the order in which it was found."""
    sql = "SELECT * FROM parity_differences WHERE session = ? ORDER BY number"
    return [DifferenceRow(*row) for row in connection.execute(sql, [session]).fetchall()]


def read_fills(connection: duckdb.DuckDBPyConnection, session: date) -> list[FillRow]:
    """Return a session's fills beside the model's, in their order."""
    sql = (
        "SELECT * REPLACE (price::DOUBLE AS price, model_price::DOUBLE AS model_price,"
        " shortfall_usd::DOUBLE AS shortfall_usd) FROM parity_fills WHERE session = ?"
        " ORDER BY number"
    )
    return [FillRow(*row) for row in connection.execute(sql, [session]).fetchall()]
