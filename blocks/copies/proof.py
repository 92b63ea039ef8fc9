"""Proof that a ledger file is whole: every value is read, and the books follow from the journal."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import starmap
from pathlib import Path

import duckdb
import orjson

from blocks.ledger.damage import NotWhole
from blocks.ledger.event_rows import event_from_row, read_event
from blocks.ledger.format import ADDED_COLUMNS, check_format
from blocks.ledger.parity.tables import PARITY_TABLES
from blocks.ledger.rows import trade_row
from blocks.ledger.schema import SCHEMA
from blocks.stores.kept_engine import opened_for_reading
from trading.engine.tapes.trade_tape import TRADES, TradeRow
from trading.errors import BadInput, OpenbellError, StoreUnavailable
from trading.plan import RunPlan
from trading.plan_record import plan_from
from trading.session.events import KINDS
from trading.session.first_row import session_of
from trading.session.orders import Leg, client_order_id
from trading.session.state import SessionState

# A copy of an earlier version has none of these; whoever opens it next adds them.
ADDED_LATER = frozenset({"transfers", *PARITY_TABLES})
_NOT_WHOLE = "ledger is not whole: "
_ANOTHER_COPY = "Use another copy (openbell restore --list)"


@dataclass(frozen=True)
class Proof:
    """What was found in a ledger; `digest` tells two states apart, its lease left out.

    `damage` is what does not hold in it, empty of a whole one.
    """

    journal_seq: int
    last_session: str
    last_command: int
    rows: dict[str, int]
    pnl: Decimal
    digest: str
    is_refolded: bool
    damage: str = ""


def prove(path: Path, account: str, *, is_refolded: bool = True) -> Proof:
    """Return what `examine` finds in a ledger that is whole; raises NotWhole for any other."""
    proof = examine(path, account, is_refolded=is_refolded)
    if proof.damage:
        raise NotWhole(proof.damage, _ANOTHER_COPY)
    return proof


def examine(path: Path, account: str, *, is_refolded: bool = True) -> Proof:
    """Read every column of every table of a closed file and check what has to hold.

    The last session is folded again unless told not to, for another version of Openbell may fold
    differently. Raises StoreUnavailable for a file that cannot be read, BadInput for one of another
    account, of another schema or of a newer version.
    """
    try:
        with opened_for_reading(path, time.monotonic()) as ledger:
            check_format(ledger, Path(path.name))
            return _examine(ledger, account, is_refolded)
    except duckdb.Error as error:
        what = f"{_NOT_WHOLE}{str(error).splitlines()[0][:200]}"
        raise StoreUnavailable(what, _ANOTHER_COPY) from error


def hashed_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int | None]]:
    """Read every value of every table; return each one's rows and the sum of their hashes."""
    hashed = {}
    for (name,) in connection.execute("SHOW TABLES").fetchall():
        # The hash of a whole row needs each of its values.
        count, total = connection.execute(
            f'SELECT count(*), sum(hash(t)::HUGEINT) FROM "{name}" t'
        ).fetchall()[0]
        hashed[str(name)] = int(count), total
    return hashed


def _examine(ledger: duckdb.DuckDBPyConnection, account: str, is_refolded: bool) -> Proof:
    _check_schema(ledger)
    _check_account(ledger, account)
    hashed = hashed_tables(ledger)
    rows = {name: count for name, (count, _) in hashed.items()}
    digests = [
        f"{name} {count} {total}" for name, (count, total) in hashed.items() if name != "lease"
    ]
    seq, damage = _last_row(ledger, rows["journal"])
    found = ledger.execute(
        "SELECT session FROM journal WHERE kind = 'session_started' ORDER BY seq DESC LIMIT 1"
    ).fetchall()
    last_session = str(found[0][0]) if found else ""
    plan = _plan_of(ledger, last_session) if last_session else None
    is_refolded = is_refolded and plan is not None and not damage
    if plan is not None and is_refolded:
        try:
            _check_session(ledger, plan, last_session, account)
        except NotWhole as error:
            damage = error.what
    pnl, command = ledger.execute(
        "SELECT (SELECT coalesce(sum(pnl), 0) FROM trades),"
        " (SELECT coalesce(max(number), 0) FROM commands)"
    ).fetchall()[0]
    digest = "; ".join([duckdb.__version__, *digests])
    return Proof(seq, last_session, int(command), rows, Decimal(pnl), digest, is_refolded, damage)


# Asked of a ledger's file and of an empty one.
_COLUMNS = (
    "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    " AND database_name = current_database()"
)


@cache
def _columns_of_this_version() -> frozenset[tuple[str, str, str]]:
    """Return each column as (table, name, type); to make them all takes a processor 60 ms."""
    with duckdb.connect() as empty:
        empty.execute(SCHEMA)
        return frozenset(empty.execute(_COLUMNS).fetchall())


def _check_schema(ledger: duckdb.DuckDBPyConnection) -> None:
    there = set(ledger.execute(_COLUMNS).fetchall())
    added = ADDED_LATER - {table for table, _, _ in there}
    missing = {
        (table, column, kind)
        for table, column, kind in _columns_of_this_version() - there
        if table not in added and not (table == "decisions" and column in ADDED_COLUMNS)
    }
    if missing:
        table, column, kind = min(missing)
        raise BadInput(
            f"ledger has no {table}.{column} of type {kind}",
            "It is of another version of Openbell, or no ledger; use the version that wrote it",
        )


def _check_account(ledger: duckdb.DuckDBPyConnection, account: str) -> None:
    """A ledger says whose it is since its first session; its orders are looked at besides."""
    known = ledger.execute("SELECT value FROM meta WHERE name = 'account'").fetchall()
    if known and known[0][0] != account:
        raise BadInput(
            f"ledger is one of account {known[0][0]!r}, not of {account!r}",
            "Name that account with --account; copies are not moved between accounts",
        )


def _last_row(ledger: duckdb.DuckDBPyConnection, rows: int) -> tuple[int, str]:
    """Return the journal's last number, and what is wrong where rows of it are missing."""
    first, last, distinct = ledger.execute(
        "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0), count(DISTINCT seq) FROM journal"
    ).fetchall()[0]
    if (first, last, distinct) == (1, rows, rows):
        return int(last), ""
    return int(last), f"{_NOT_WHOLE}its journal has {rows} rows, numbered {first} to {last}"


def _check_session(
    ledger: duckdb.DuckDBPyConnection, plan: RunPlan, session: str, account: str
) -> None:
    """Fold a session again and compare what people read with what its journal makes."""
    journal = ledger.execute(
        "SELECT kind, payload FROM journal WHERE session = ? ORDER BY seq", [session]
    ).fetchall()
    try:
        # A kind that a later version wrote is kept as it is; what is damaged is not.
        events = [
            read_event(kind, payload) if kind in KINDS else event_from_row(kind, payload)
            for kind, payload in journal
        ]
        state = SessionState(plan, session_of(events))
        for event in events:
            state.apply(event)
    except (OpenbellError, ValueError, KeyError, TypeError, IndexError) as error:
        raise _broken(f"the journal of {session} cannot be folded: {error}") from error
    _check_orders(ledger, state, session, account)
    _check_trades(ledger, state, session)


def _check_trades(ledger: duckdb.DuckDBPyConnection, state: SessionState, session: str) -> None:
    """The table may be some trades behind the journal, for it is written after it."""
    written = ledger.execute(
        "SELECT * FROM trades WHERE session = ? ORDER BY number", [session]
    ).fetchall()
    trades = state.tape.trades[: state.tape.counts[TRADES]].tolist()
    made: list[TradeRow[float]] = list(starmap(TradeRow, trades))
    if len(written) > len(made):
        raise _broken(f"{len(written)} trades of {session}, its journal makes {len(made)}")
    symbols, strategy = state.plan.symbols, state.plan.strategy_name
    for number, row in enumerate(written):
        wanted = trade_row(session, number, made[number], symbols, strategy)
        if (str(row[0]), *row[1:]) != wanted:
            raise _broken(f"trade {number} of {session} is not the one that its journal makes")


def _check_orders(
    ledger: duckdb.DuckDBPyConnection, state: SessionState, session: str, account: str
) -> None:
    written = ledger.execute(
        "SELECT client_order_id, symbol, leg FROM orders WHERE session = ?", [session]
    ).fetchall()
    for order_id, symbol, leg in written:
        attempt = order_id.split("-")[-2] if order_id.startswith("ob-") else ""
        strategy = state.plan.strategy_name
        if attempt.isdigit() and order_id != client_order_id(
            account, session, strategy, symbol, Leg(leg), int(attempt)
        ):
            raise BadInput(
                f"ledger holds order {order_id}, which account {account!r} did not make",
                "It belongs to another account; name that one with --account",
            )
        if order_id not in state.orders:
            raise _broken(f"order {order_id} is not in the journal of {session}")


def _plan_of(ledger: duckdb.DuckDBPyConnection, session: str) -> RunPlan | None:
    """Return the plan of a session, None where it has none or its strategy is not built in."""
    rows = ledger.execute(
        "SELECT payload FROM journal WHERE session = ? AND kind = 'session_started' ORDER BY seq"
        " LIMIT 1",
        [session],
    ).fetchall()
    try:
        found = rows and orjson.loads(rows[0][0]).get("plan")
    except ValueError:
        # A damaged row is found by who folds the session.
        found = None
    if not found:
        known = ledger.execute("SELECT value FROM meta WHERE name = 'plan'").fetchall()
        found = orjson.loads(known[0][0]) if known else None
    if not found or found.get("strategy_sha256"):
        return None
    try:
        return plan_from(found)
    except BadInput:
        return None


def _broken(what: str) -> NotWhole:
    return NotWhole(f"{_NOT_WHOLE}{what}", _ANOTHER_COPY)
