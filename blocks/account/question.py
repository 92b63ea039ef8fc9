"""A question in SQL to an account's ledger, which may be in use: it reads, and changes nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from blocks.account.absence import refuse_absent
from blocks.account_files import LEDGER_FILE
from blocks.ledger.format import check_format
from blocks.ledger.schema import SCHEMA
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
from blocks.stores.reading import reading_copy
from trading.errors import BadInput

READS = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
TABLES_HINT = 'See its tables with: openbell show-status --sql "SHOW TABLES"'
LONGEST_SECONDS = 60.0
MOST_ROWS = 100_000
_AGAIN_AFTER_S = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """The names of the columns, and the rows; times in UTC, money as Decimal."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def ask(data_dir: Path, account: str, sql: str) -> Answer:
    """Return what a ledger answers; it is asked in a copy, so that nobody waits for the answer.

    Raises BadInput for what is no question, wrong SQL, or an answer that takes too long or has too
    many rows, StoreUnavailable when the ledger cannot be read.
    """
    path = data_dir / account / LEDGER_FILE
    refuse_absent(data_dir, account)
    with reading_copy(path, SCHEMA, LOCK_DEADLINE_SECONDS, check_format) as connection:
        # Nor may a question read other files of this machine, or write any.
        connection.execute("SET enable_external_access = false")
        return _in_time(connection, sql)


def _in_time(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    # In a thread of its own: DuckDB makes an error of its own of a signal that it meets.
    has_begun, is_unwanted, is_over = (threading.Event() for _ in range(3))

    def work() -> Answer | None:
        has_begun.set()
        try:
            return None if is_unwanted.is_set() else _answer(connection, sql)
        finally:
            is_over.set()

    with ThreadPoolExecutor(1) as thread:
        try:
            answer = thread.submit(work).result(LONGEST_SECONDS)
        except TimeoutError as error:
            raise BadInput(
                f"--sql had no answer within {LONGEST_SECONDS:g} s", "Ask for less at a time"
            ) from error
        finally:
            # A signal may strike before there is anything to wait for, and the question begin then.
            is_unwanted.set()
            while has_begun.is_set() and not is_over.is_set():
                # One that DuckDB has not begun yet does not notice.
                connection.interrupt()
                is_over.wait(_AGAIN_AFTER_S)
    assert answer is not None
    return answer


def _answer(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    try:
        _refuse_change(connection, sql)
        answer = connection.execute(sql)
        columns = tuple(column[0] for column in answer.description or [])
        rows = answer.fetchmany(MOST_ROWS + 1)
    except duckdb.Error as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"--sql has no answer: {first_line}", TABLES_HINT) from error
    if len(rows) > MOST_ROWS:
        # A part would be taken for the whole.
        raise BadInput(
            f"--sql has more than {MOST_ROWS} rows", f"Add LIMIT {MOST_ROWS}, or sum them up"
        )
    return Answer(columns, tuple(rows))


def _refuse_change(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise BadInput(f"--sql has {len(statements)} statements", "Ask one question at a time")
    if statements[0].type not in READS:
        raise BadInput(
            f"--sql {statements[0].type.name} is no question, and a ledger is only read",
            "Use SELECT, SHOW TABLES or DESCRIBE",
        )
