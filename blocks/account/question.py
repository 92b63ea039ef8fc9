"""A question in SQL to an account's ledger, which may be in use: it reads, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from blocks.ledger.ledger import DuckDBLedger
from trading.errors import BadInput

READS = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
TABLES_HINT = 'See its tables with: python -m flows show-status --sql "SHOW TABLES"'


@dataclass(frozen=True, slots=True)
class Answer:
    """The names of the columns, and the rows; times in UTC, money as Decimal."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def ask(data_dir: Path, account: str, sql: str) -> Answer:
    """Return what a ledger answers.

    Raises BadInput for what is no question or wrong SQL, StoreUnavailable when the ledger cannot
    be read.
    """
    if not (data_dir / account / "ledger.duckdb").exists():
        raise BadInput(f"account {account!r} is not in {data_dir}", "Name another --account")
    with DuckDBLedger(data_dir, account).reading() as connection:
        try:
            # Nor may a question read other files of this machine, or write any.
            connection.execute("SET enable_external_access = false")
            _refuse_change(connection, sql)
            answer = connection.execute(sql)
            columns = tuple(column[0] for column in answer.description or [])
            return Answer(columns, tuple(answer.fetchall()))
        except duckdb.Error as error:
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            raise BadInput(f"--sql has no answer: {first_line}", TABLES_HINT) from error


def _refuse_change(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise BadInput(f"--sql has {len(statements)} statements", "Ask one question at a time")
    if statements[0].type not in READS:
        raise BadInput(
            f"--sql {statements[0].type.name} is no question, and a ledger is only read",
            "Use SELECT, SHOW TABLES or DESCRIBE",
        )
