"""Rows are added, or written over those that are there, without a look at the whole table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import duckdb
import pytest

from blocks.stores.insertion import MANY_ROWS, MOST_ROWS, insert, insert_in_order, put

NOTHING = "ON CONFLICT DO NOTHING"
OVER = "ON CONFLICT (bar, symbol) DO UPDATE SET reason = excluded.reason"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute(
            "CREATE TABLE said (bar BIGINT, symbol VARCHAR, reason VARCHAR, note VARCHAR,"
            " PRIMARY KEY (bar, symbol))"
        )
        yield opened


def rows(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT * FROM said ORDER BY bar, symbol").fetchall()


def test_what_is_put_is_added_and_then_written_over_and_the_rest_of_its_row_stays(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    put(connection, "said", {"bar": 1, "symbol": "A"}, {"reason": "first", "note": "kept"})
    put(connection, "said", {"bar": 1, "symbol": "B"}, {"reason": "other"})
    put(connection, "said", {"bar": 1, "symbol": "A"}, {"reason": "last"})
    assert rows(connection) == [(1, "A", "last", "kept"), (1, "B", "other", None)]


def test_a_day_that_is_caught_up_is_added_in_statements_that_take_little_memory(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """In one it took 1.4 GB: a container that may have half of that was ended, again and again."""
    given: list[int] = []

    class Counted:
        def execute(self, sql: str, values: list[object]) -> None:
            given.append(len(values))
            connection.execute(sql, values)

    day: list[tuple[object, ...]] = [(bar, "A", "said", "") for bar in range(2 * MOST_ROWS + 1)]
    insert(cast(duckdb.DuckDBPyConnection, Counted()), "said", day)
    assert rows(connection) == day
    assert given == [4 * MOST_ROWS, 4 * MOST_ROWS, 4]


@pytest.mark.parametrize("more", [0, MANY_ROWS])
@pytest.mark.parametrize(("conflict", "reason"), [(NOTHING, "first"), (OVER, "last")])
def test_of_rows_some_of_which_are_there_each_is_there_once_as_is_said(
    connection: duckdb.DuckDBPyConnection, conflict: str, reason: str, more: int
) -> None:
    first = [(1, "A", "first", None), (2, "A", "first", "")]
    insert_in_order(connection, "said", first, conflict, by="bar", place=0)
    # A session that is taken up again tells its bars once more, and goes on.
    later: list[tuple[object, ...]] = [(bar, "A", "new", None) for bar in range(3, 4 + more)]
    again = [*reversed(later), (2, "A", "last", ""), (2, "B", "new", "")]
    insert_in_order(connection, "said", again, conflict, by="bar", place=0)
    insert_in_order(connection, "said", [], conflict, by="bar", place=0)
    assert rows(connection) == [
        (1, "A", "first", None), (2, "A", reason, ""), (2, "B", "new", ""), *later,
    ]  # fmt: skip
