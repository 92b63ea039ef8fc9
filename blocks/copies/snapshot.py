"""A consistent copy of a ledger that is in use, taken in short turns at its lock.

The journal is only ever appended to, so it is copied in pieces. A table with a session column
only changes in the session that trades, so its older sessions are copied in pieces too, and
proven unchanged at the end. One last short transaction takes everything else: that is the moment
which the copy shows. Copying it all in one transaction would hold the order path for a second
at 100,000 rows of journal.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from blocks.ledger.ledger import DuckDBLedger
from trading.errors import StoreUnavailable

# Read in one turn at the lock; about 30 ms, the opening of the file not counted.
PIECE_ROWS = 10_000
MOST_ATTEMPTS = 3
JOURNAL = "journal"


@dataclass
class Snapshot:
    """What was copied, and for how long others had to wait for the ledger at most."""

    path: Path
    journal_seq: int = 0
    longest_hold_s: float = 0.0
    turns: int = 0
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    ddl: str
    has_sessions: bool


def take_snapshot(ledger: DuckDBLedger, target: Path) -> Snapshot:
    """Copy a ledger to a new file while others write to it.

    Raises StoreUnavailable when older sessions keep changing, or a store cannot be used.
    """
    for _ in range(MOST_ATTEMPTS):
        target.unlink(missing_ok=True)
        taker = _Taker(ledger, target)
        try:
            if taker.take():
                return taker.snapshot
        except duckdb.Error as error:
            raise StoreUnavailable(
                f"snapshot {target} cannot be written: {str(error).splitlines()[0][:200]}",
                "Check free disk space",
            ) from error
        finally:
            ledger.release()
    raise StoreUnavailable(
        f"older sessions of {ledger.path} changed during each of {MOST_ATTEMPTS} attempts",
        "Sync again when no earlier session is being traded",
    )


class _Taker:
    """One attempt at a snapshot."""

    def __init__(self, ledger: DuckDBLedger, target: Path) -> None:
        self._ledger = ledger
        self.snapshot = Snapshot(target)

    def take(self) -> bool:
        """Copy everything; return False when what was copied first has changed since."""
        with duckdb.connect(str(self.snapshot.path)) as copy:
            copy.execute("SET TimeZone='UTC'")
            with self._turn() as live:
                tables = _tables_of(live)
                newest = _one(live, f"SELECT max(session) FROM {JOURNAL}")
            for table in tables:
                copy.execute(table.ddl)
            seq = self._copy_journal(copy)
            for table in tables:
                if table.has_sessions and newest is not None:
                    self._copy_older_sessions(copy, table.name, newest)
            with self._turn() as live:
                rest = {table.name: self._rest_of(live, table, seq, newest) for table in tables}
                checks = {
                    table.name: _fingerprint(live, table.name, newest)
                    for table in tables
                    if table.has_sessions
                }
            unchanged = all(
                _fingerprint(copy, name, newest) == check for name, check in checks.items()
            )
            for name, rows in rest.items():
                _insert(copy, name, rows)
            for table in tables:
                self.snapshot.rows[table.name] = _one(copy, f'SELECT count(*) FROM "{table.name}"')
            self.snapshot.journal_seq = _one(copy, f"SELECT coalesce(max(seq), 0) FROM {JOURNAL}")
        return unchanged

    @contextmanager
    def _turn(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Have the ledger for a moment, and note how long that was."""
        with self._ledger.reading() as live:
            begin = time.monotonic()
            yield live
        self._ledger.release()
        held = time.monotonic() - begin
        self.snapshot.longest_hold_s = max(self.snapshot.longest_hold_s, held)
        self.snapshot.turns += 1

    def _copy_journal(self, copy: duckdb.DuckDBPyConnection) -> int:
        with self._turn() as live:
            last = int(_one(live, f"SELECT coalesce(max(seq), 0) FROM {JOURNAL}"))
        for seq in range(0, last, PIECE_ROWS):
            until = min(seq + PIECE_ROWS, last)
            with self._turn() as live:
                rows = _arrow(
                    live,
                    f"SELECT * FROM {JOURNAL} WHERE seq > {seq} AND seq <= {until} ORDER BY seq",
                )
            _insert(copy, JOURNAL, rows)
        return last

    def _copy_older_sessions(
        self, copy: duckdb.DuckDBPyConnection, table: str, newest: object
    ) -> None:
        with self._turn() as live:
            sizes = live.execute(
                f'SELECT session, count(*) FROM "{table}" WHERE session < ?'
                " GROUP BY session ORDER BY session",
                [newest],
            ).fetchall()
        for first, last in _pieces(sizes):
            with self._turn() as live:
                rows = _arrow(
                    live,
                    f"SELECT * FROM \"{table}\" WHERE session BETWEEN '{first}' AND '{last}'",
                )
            _insert(copy, table, rows)

    @staticmethod
    def _rest_of(live: duckdb.DuckDBPyConnection, table: _Table, seq: int, newest: object) -> Any:
        where = ""
        if table.name == JOURNAL:
            where = f" WHERE seq > {seq}"
        elif table.has_sessions and newest is not None:
            where = f" WHERE session >= '{newest}' OR session IS NULL"
        return _arrow(live, f'SELECT * FROM "{table.name}"{where}')


def _tables_of(live: duckdb.DuckDBPyConnection) -> list[_Table]:
    rows = live.execute(
        "SELECT t.table_name, t.sql, bool_or(c.column_name = 'session') FROM duckdb_tables() t"
        " JOIN duckdb_columns() c USING (table_oid, database_oid) WHERE NOT t.internal"
        " AND t.database_name = current_database() GROUP BY ALL ORDER BY 1"
    ).fetchall()
    return [
        _Table(str(name), str(ddl), bool(has_sessions) and name != JOURNAL)
        for name, ddl, has_sessions in rows
    ]


def _pieces(sizes: list[tuple[object, int]]) -> Iterator[tuple[object, object]]:
    """Yield first and last session of runs of sessions that together are about a piece."""
    run: list[object] = []
    rows = 0
    for session, count in sizes:
        run.append(session)
        rows += count
        if rows >= PIECE_ROWS:
            yield run[0], run[-1]
            run, rows = [], 0
    if run:
        yield run[0], run[-1]


def _fingerprint(connection: duckdb.DuckDBPyConnection, table: str, newest: object) -> Any:
    # fetchall, as a connection with an unfinished result takes no further work.
    rows = connection.execute(
        f'SELECT count(*), sum(hash(t)::HUGEINT) FROM "{table}" t WHERE session < ?', [newest]
    ).fetchall()
    return rows[0]


def _arrow(connection: duckdb.DuckDBPyConnection, question: str) -> Any:
    return connection.sql(question).to_arrow_table()


def _insert(copy: duckdb.DuckDBPyConnection, table: str, rows: Any) -> None:
    if rows.num_rows:
        copy.register("piece", rows)
        copy.execute(f'INSERT INTO "{table}" SELECT * FROM piece')
        copy.unregister("piece")


def _one(connection: duckdb.DuckDBPyConnection, question: str) -> Any:
    return connection.execute(question).fetchall()[0][0]
