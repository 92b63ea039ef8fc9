"""A store whose making was cut short is made anew, and none that ever held a table is removed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.stores.beginning import LOGS, is_begun
from blocks.stores.duckdb_file import DuckDBFile
from tests.full_disk import full_disk
from trading.errors import StoreUnavailable

HEADERS = 3 * 4096


@pytest.mark.parametrize("size", [0, 4096, 5000, 8192, 9000])
def test_a_disk_that_is_full_while_a_ledger_is_made_leaves_none(size: int, tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    with full_disk(size), pytest.raises(StoreUnavailable, match="free disk space"):
        ledger.remember("a", "b")
    assert [path.name for path in ledger.path.parent.iterdir()] == ["ledger.duckdb.lock"]
    ledger.remember("a", "b")
    assert ledger.meta("a") == "b"


def test_a_disk_without_room_for_all_tables_leaves_none(tmp_path: Path) -> None:
    names = [f"table_{number}" for number in range(200)]
    schema = "".join(f"CREATE TABLE IF NOT EXISTS {name} (x INTEGER);" for name in names)
    store = DuckDBFile(tmp_path / "store.duckdb", schema)
    with full_disk(HEADERS), pytest.raises(StoreUnavailable), store.transaction():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["store.duckdb.lock"]
    with store.transaction() as connection:
        assert len(connection.execute("SHOW TABLES").fetchall()) == len(names)


@pytest.mark.parametrize("size", [0, 4096, 4100, 4110, 8192, HEADERS - 1])
def test_what_a_kill_left_of_a_beginning_is_no_ledger(size: int, tmp_path: Path) -> None:
    made = tmp_path / "made"
    with duckdb.connect(str(made)):
        content = made.read_bytes()
    assert len(content) == HEADERS
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(content[:size])
    assert ledger.query("SELECT * FROM trades") == []
    assert ledger.path.read_bytes() == content[:size]
    ledger.remember("a", "b")
    assert ledger.meta("a") == "b"


@pytest.mark.parametrize("size", [4120, 8192, HEADERS])
def test_what_is_left_of_a_ledger_with_tables_is_damaged_and_stays(
    size: int, tmp_path: Path
) -> None:
    DuckDBLedger(tmp_path, "paper").remember("a", "b")
    path = tmp_path / "paper" / "ledger.duckdb"
    content = path.read_bytes()[:size]
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="openbell restore"):
        DuckDBLedger(tmp_path, "paper").remember("a", "b")
    assert path.read_bytes() == content


@pytest.mark.parametrize("end", LOGS)
def test_a_file_with_a_log_is_never_taken_for_a_beginning(end: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.duckdb"
    path.write_bytes(b"")
    assert not is_begun(path)
    path.with_name(path.name + end).write_bytes(b"")
    assert is_begun(path)


@pytest.mark.parametrize("content", [b"notes", b"a file of somebody else", b"x" * 4096])
def test_what_duckdb_did_not_write_stays(content: bytes, tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(content)
    with pytest.raises(StoreUnavailable):
        ledger.remember("a", "b")
    assert ledger.path.read_bytes() == content
