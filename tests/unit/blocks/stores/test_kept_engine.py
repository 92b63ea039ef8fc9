"""What is kept between two openings of a store costs neither its content nor its freedom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from blocks.stores import kept_engine
from blocks.stores.duckdb_file import DuckDBFile
from tests.full_disk import full_disk
from trading.errors import StoreUnavailable

SCHEMA = "CREATE TABLE IF NOT EXISTS kept (number BIGINT, content VARCHAR);"


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[duckdb.DuckDBPyConnection]:
    """What was made of the dear part of opening."""
    made: list[duckdb.DuckDBPyConnection] = []
    make: Callable[..., duckdb.DuckDBPyConnection] = kept_engine.connect_to_nothing

    def noted(config: kept_engine.Config) -> duckdb.DuckDBPyConnection:
        made.append(make(config))
        return made[-1]

    monkeypatch.setattr(kept_engine, "connect_to_nothing", noted)
    monkeypatch.setattr(kept_engine, "_idle", [])
    return made


def add(store: DuckDBFile, number: int, content: str = "") -> None:
    with store.transaction() as connection:
        connection.execute("INSERT INTO kept VALUES (?, ?)", [number, content])


def numbers(store: DuckDBFile) -> list[int]:
    with store.transaction() as connection:
        return [n for (n,) in connection.execute("SELECT number FROM kept ORDER BY 1").fetchall()]


def test_a_store_that_is_opened_for_every_bar_makes_its_engine_once(
    tmp_path: Path, engines: list[duckdb.DuckDBPyConnection]
) -> None:
    store = DuckDBFile(tmp_path / "it's a store.duckdb", SCHEMA)
    for number in range(5):
        add(store, number)
        # Closed in between: nothing is left in a log, and any program has all of it.
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "it's a store.duckdb",
            "it's a store.duckdb.lock",
        ]
    assert numbers(DuckDBFile(store.path, SCHEMA)) == [0, 1, 2, 3, 4]
    with DuckDBFile(store.path, SCHEMA).reading() as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchall() == [(5,)]
    assert len(engines) == 1


def test_stores_that_are_open_at_once_share_nothing(
    tmp_path: Path, engines: list[duckdb.DuckDBPyConnection]
) -> None:
    one, other = (DuckDBFile(tmp_path / f"{name}.duckdb", SCHEMA, 3600.0) for name in "ab")
    add(one, 1)
    add(other, 2)
    with pytest.raises(StoreUnavailable), one.transaction() as connection:
        connection.execute("INSERT INTO nowhere VALUES (2)")
    assert numbers(other) == [2]
    assert numbers(one) == [1]
    one.release()
    other.release()


def test_a_reader_changes_nothing_and_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    """A file of an earlier version lacks a table, which its reader has empty."""
    old = tmp_path / "old.duckdb"
    with DuckDBFile(old, "CREATE TABLE IF NOT EXISTS other (x BIGINT)").transaction():
        pass
    with DuckDBFile(old, SCHEMA).reading() as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == []
    store = DuckDBFile(tmp_path / "store.duckdb", SCHEMA)
    add(store, 1)
    with store.reading() as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]
    with pytest.raises(StoreUnavailable), store.reading() as connection:
        connection.execute("INSERT INTO kept VALUES (2, '')")
    assert numbers(store) == [1]


def test_an_engine_that_met_an_error_is_not_used_again(
    tmp_path: Path, engines: list[duckdb.DuckDBPyConnection]
) -> None:
    store = DuckDBFile(tmp_path / "store.duckdb", SCHEMA)
    add(store, 1)
    with pytest.raises(StoreUnavailable), store.transaction() as connection:
        connection.execute("INSERT INTO kept VALUES (2, ''); INSERT INTO nowhere VALUES (2)")
    assert numbers(store) == [1]
    assert len(engines) == 2


def test_a_disk_that_is_full_when_a_store_is_closed_loses_nothing(
    tmp_path: Path, engines: list[duckdb.DuckDBPyConnection]
) -> None:
    """The transaction is committed then; only its log cannot be written into the file."""
    store = DuckDBFile(tmp_path / "store.duckdb", SCHEMA)
    add(store, 1)
    limit = store.path.stat().st_size
    with full_disk(limit):
        add(store, 2, "y" * (limit // 2))
        assert numbers(store) == [1, 2]
    add(store, 3)
    assert numbers(store) == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".wal")] == []


def test_two_files_of_one_name_are_never_mistaken_for_each_other(tmp_path: Path) -> None:
    """As after a restore: another file lies where the one that was used lay."""
    store, other = (DuckDBFile(tmp_path / f"{name}.duckdb", SCHEMA) for name in ("store", "other"))
    add(store, 1)
    add(other, 7)
    other.path.replace(store.path)
    assert numbers(store) == [7]
