"""What a replay found as rows of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime

import duckdb

from blocks.ledger.parity.tables import PARITY_TABLES, DifferenceRow, ParityRow
from blocks.ledger.rows import moment, money
from blocks.stores.insertion import insert
from trading.parity.findings import Cause, Difference, Kind, OnFinalBars, SessionParity

# Of each kind: a session of which everything differs is told by its counts.
MOST_DIFFERENCES = 200


def write_parity(
    connection: duckdb.DuckDBPyConnection, found: SessionParity, bars_hash: str, now: datetime
) -> ParityRow:
    """Write what was found of a session inside a transaction, instead of what was before.

    `bars_hash` is that of the final bars it was found on, "" without any.
    """
    session = date.fromisoformat(found.session)
    for table in PARITY_TABLES:
        connection.execute(f"DELETE FROM {table} WHERE session = ?", [session])
    row = row_of(found, now)
    values = row._asdict() | {"shortfall_usd": money(row.shortfall_usd)}
    insert(connection, "parity", [tuple(values.values())])
    insert(connection, "parity_bars", [(session, bars_hash)])
    differences = [
        tuple(_difference_row(session, number, each))
        for number, each in enumerate(_first_of_each_kind(found.differences))
    ]
    fills = [
        (
            session,
            number,
            moment(fill.us),
            fill.symbol,
            fill.leg,
            fill.exec_id,
            fill.quantity,
            money(fill.price),
            money(fill.model_price),
            fill.shortfall_bps,
            money(fill.shortfall_usd),
        )
        for number, fill in enumerate(found.execution.fills if found.execution else ())
    ]
    for table, rows in (("parity_differences", differences), ("parity_fills", fills)):
        insert(connection, table, rows)
    return row


def _first_of_each_kind(differences: Sequence[Difference]) -> Iterator[Difference]:
    told = Counter[Kind]()
    for each in differences:
        told[each.kind] += 1
        if told[each.kind] <= MOST_DIFFERENCES:
            yield each


def row_of(found: SessionParity, now: datetime) -> ParityRow:
    """Return what was found of a session in counts."""
    consumed, final, execution = found.consumed, found.final, found.execution
    return ParityRow(
        date.fromisoformat(found.session),
        now,
        str(found.verdict),
        consumed.decisions if consumed else 0,
        consumed.intents if consumed else 0,
        len(consumed.differences) if consumed else 0,
        final.bars if final else None,
        _count(final, Kind.BAR, Cause.LATE),
        _count(final, Kind.BAR, Cause.REVISED),
        _count(final, Kind.BAR, Cause.MISSING),
        _count(final, Kind.DECISION, Cause.GATE),
        _count(final, Kind.DECISION),
        _count(final, Kind.TRADE),
        len(execution.fills) if execution else 0,
        execution.priced if execution else 0,
        execution.shortfall_bps if execution else None,
        execution.shortfall_usd if execution else 0.0,
        found.note,
    )


def _count(final: OnFinalBars | None, kind: Kind, cause: Cause | None = None) -> int | None:
    if final is None:
        return None
    return sum(
        each.kind == kind and (cause is None or each.cause == cause) for each in final.differences
    )


def _difference_row(session: date, number: int, each: Difference) -> DifferenceRow:
    bar = moment(each.us) if each.us else None
    return DifferenceRow(
        session, number, str(each.kind), str(each.cause), bar, each.symbol, each.kept, each.replayed
    )
