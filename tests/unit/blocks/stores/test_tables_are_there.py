"""A file that takes another's place between two transactions has its tables made as well."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from blocks.stores.duckdb_file import DuckDBFile

SCHEMA = "CREATE TABLE IF NOT EXISTS one (x INTEGER); CREATE TABLE IF NOT EXISTS two (x INTEGER);"


def make_older(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE one (x INTEGER)")


@pytest.mark.parametrize("replacement", ["nothing", "an older file"])
def test_tables_are_made_in_whatever_lies_there_now(replacement: str, tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    store = DuckDBFile(path, SCHEMA)
    for _ in range(2):
        with store.transaction() as connection:
            connection.execute("INSERT INTO two VALUES (1)")
    if replacement == "nothing":
        path.unlink()
    else:
        make_older(tmp_path / "older.duckdb")
        (tmp_path / "older.duckdb").replace(path)
    with store.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM two").fetchone() == (0,)
