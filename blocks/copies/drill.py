"""A restore for trial: the newest copy is brought back beside, folded again, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from blocks.account_commands import account_command
from blocks.account_files import LEDGER_FILE
from blocks.copies.manifest import newest_manifest, openbell_version
from blocks.copies.restore import restore
from blocks.copies.snapshot import take_snapshot
from blocks.copies.working_folder import sweep, working_folder
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.projector import Projector
from blocks.ledger.rows import write_projection
from blocks.ledger.schema import SCHEMA
from blocks.process.files.disk_errors import words_of
from blocks.records.order import ENDED
from blocks.stores.beginning import is_begun
from trading.counted import counted
from trading.errors import BadInput, OpenbellError, StoreUnavailable
from trading.plan_record import plan_from
from trading.session.first_row import session_of
from trading.session.messages.order_reporter import Place
from trading.session.messages.reporter import Reporter
from trading.session.ports import Storage
from trading.session.state import SessionState

# What a session's journal makes of itself. An order's reason is that of its first row for ever.
FOLDED = {
    "orders": "client_order_id, session, symbol, leg, quantity, filled, price, status",
    "trades": "*",
    "equity": "*",
    "decisions": "*",
}
# What of a session that is over never changes in the ledger that is here.
LASTING = {
    "journal": "*",
    "orders": "*",
    "trades": "*",
    "equity": "*",
    "decisions": "*",
    "outbox": "* EXCLUDE (number)",
}
_ENDED = ", ".join(f"'{status}'" for status in ENDED)
# Which rows those are: a transfer and late messages come after a session's end, and an order may
# end in a later session. A table without the name of its database is the copy's.
COPIED = {
    "journal": "seq <= (SELECT coalesce(max(seq), 0) FROM journal)",
    "orders": "client_order_id NOT IN (SELECT client_order_id FROM orders"
    f" WHERE status NOT IN ({_ENDED}))",
    "outbox": "id IN (SELECT id FROM outbox)",
}
# An order that rested overnight may have been changed by a session that is not folded.
_TAKEN_OVER = (
    "SELECT unnest(json_extract_string(payload, '$.inheritance.orders[*].client_order_id'))"
    " FROM journal WHERE kind = 'session_started' AND session NOT IN"
)


@dataclass(frozen=True, slots=True)
class TableCheck:
    """How many rows of a copy's table were compared, with what, and how many differ."""

    table: str
    compared_with: str
    rows: int
    differing: int


@dataclass(frozen=True, slots=True)
class Drill:
    """What a trial found: of which copy, table by table; `left_out` are sessions not folded."""

    version: str
    made_at: datetime
    sessions: int
    left_out: tuple[str, ...]
    checks: tuple[TableCheck, ...]

    @property
    def is_good(self) -> bool:
        """Return whether nothing differs."""
        return all(check.differing == 0 for check in self.checks)

    def __str__(self) -> str:
        if not self.sessions:
            return f"copy {self.version} is whole; no session of it is over, to be compared"
        text = f"copy {self.version}: {counted(self.sessions, 'session')}"
        differing = [check for check in self.checks if check.differing]
        if differing:
            told = "; ".join(
                f"{check.differing} rows of {check.table} differ from {check.compared_with}"
                for check in differing
            )
            return f"{text}, {told}"
        rows = sum(check.rows for check in self.checks)
        text += f", {rows:,} rows compared, all equal"
        if self.left_out:
            text += f"; not folded, for their strategy is not built in: {len(self.left_out)}"
        return text


def drill(storage: Storage, data_dir: Path, account: str, now: datetime) -> Drill:
    """Bring the newest copy back in a folder of its own and compare it; the account is left alone.

    Raises what `restore` raises, BadInput where there is no copy.
    """
    manifest = newest_manifest(storage, account)
    if manifest is None:
        raise BadInput(
            f"{storage} has no copy of account {account!r}",
            f"Make one: {account_command('sync', data_dir, account)}",
        )
    folder = data_dir / account
    sweep(folder, now)
    with working_folder(folder) as place:
        restore(storage, place, account, now, version=manifest.version)
        ledger = DuckDBLedger(place, account)
        try:
            over = [name for name, is_closed in ledger.sessions() if is_closed]
            left_out: tuple[str, ...] = tuple(over)
            checks: list[TableCheck] = []
            if manifest.openbell == openbell_version():
                # Another version may fold differently, as a restore knows too.
                left_out = _fold(ledger, over, place / "folded.duckdb")
                folded = [name for name in over if name not in left_out]
                marks = ", ".join(f"'{name}'" for name in folded)
                own = {"orders": f"client_order_id NOT IN ({_TAKEN_OVER} ({marks}))"}
                checks += _compare(
                    ledger, place / "folded.duckdb", FOLDED, own, folded, "what its journal makes"
                )
            if is_begun(folder / LEDGER_FILE):
                live = take_snapshot(DuckDBLedger(data_dir, account), place / "live.duckdb")
                checks += _compare(
                    ledger, live.path, LASTING, COPIED, over, "the ledger that is here"
                )
        finally:
            ledger.release()
    return Drill(manifest.version, manifest.made_at, len(over), left_out, tuple(checks))


def _fold(ledger: DuckDBLedger, sessions: list[str], target: Path) -> tuple[str, ...]:
    """Fold sessions into a ledger of their own; return those whose strategy is not built in."""
    left_out = []
    with _store(target) as connection:
        connection.execute(SCHEMA)
        for session in sessions:
            found = ledger.plan_of(session) or {}
            try:
                if found.get("strategy_sha256"):
                    raise BadInput("its strategy is a file", "It is not folded")
                plan = plan_from(found)
            except (BadInput, KeyError):
                left_out.append(session)
                continue
            events = [row.event for row in ledger.journal_of(session)]
            try:
                state = SessionState(plan, session_of(events))
                for event in events:
                    state.apply(event)
            except (OpenbellError, ValueError, KeyError, TypeError, IndexError) as error:
                raise StoreUnavailable(
                    f"the journal of {session} cannot be folded: {error}", "Use another copy"
                ) from error
            place = Place(ledger.account, "")
            write_projection(connection, Projector(state, Reporter(state, place)).changes())
    return tuple(left_out)


def _compare(
    ledger: DuckDBLedger,
    other: Path,
    tables: dict[str, str],
    conditions: dict[str, str],
    sessions: list[str],
    compared_with: str,
) -> list[TableCheck]:
    """Compare the rows of some sessions, of some tables only those of a condition, both ways."""
    if not sessions:
        return []
    checks = []
    marks = ", ".join("?" * len(sessions))
    ledger.release()
    with _store(ledger.path) as connection:
        quoted = str(other).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS other (READ_ONLY)")
        for table, asked in tables.items():
            columns = _shared_columns(connection, table) if asked == "*" else asked
            here, there = (
                f"SELECT {columns} FROM {source}{table} WHERE session IN ({marks})"
                f" AND {conditions.get(table, 'TRUE')}"
                for source in ("", "other.")
            )
            # Rows are counted with their repetitions.
            question = (
                f"SELECT (SELECT count(*) FROM ({here})),"
                f" (SELECT count(*) FROM ({here} EXCEPT ALL {there}))"
                f" + (SELECT count(*) FROM ({there} EXCEPT ALL {here}))"
            )
            rows, differing = connection.execute(question, sessions * 5).fetchall()[0]
            checks.append(TableCheck(table, compared_with, int(rows), int(differing)))
    return checks


def _shared_columns(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return the columns that a table has on both sides: one of an earlier version has fewer."""
    rows = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name IN"
        " (current_database(), 'other') GROUP BY column_name HAVING count(*) = 2"
        " ORDER BY min(column_index)",
        [table],
    ).fetchall()
    return ", ".join(name for (name,) in rows)


@contextmanager
def _store(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a file of the drill's own folder; raises StoreUnavailable."""
    try:
        with duckdb.connect(str(path)) as connection:
            connection.execute("SET TimeZone='UTC'")
            yield connection
    except duckdb.Error as error:
        raise StoreUnavailable(
            f"{path.name} of the drill cannot be used: {words_of(error)}",
            "Check free disk space",
        ) from error
