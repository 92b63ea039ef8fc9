"""Who only reads a store gets an answer wherever it lies, and leaves no trace."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from blocks.ledger.format import OF_ALL_VERSIONS
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.schema import SCHEMA
from blocks.stores.beginning import LOGS
from trading.errors import StoreUnavailable

KILLED = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("CHECKPOINT")
connection.execute("INSERT INTO meta VALUES ('last', 'word')")
os.kill(os.getpid(), 9)
"""
NOBODY = 65534
QUESTION = "SELECT value FROM meta WHERE name = 'last'"
ANSWER = [{"value": "word"}]


@pytest.fixture
def ledger(tmp_path: Path) -> DuckDBLedger:
    """A ledger whose last word is in the log of a process that was killed."""
    found = DuckDBLedger(tmp_path, "paper")
    found.remember("account", "paper")
    subprocess.run([sys.executable, "-c", KILLED, str(found.path)], check=False)
    assert found.path.with_name("ledger.duckdb.wal").exists()
    return DuckDBLedger(tmp_path, "paper")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@contextmanager
def who_may_only_read(folder: Path) -> Iterator[None]:
    """Take away the right to write, as on a read-only disk or in another user's folder."""
    paths = [folder, *folder.iterdir()]
    above = [p for p in folder.parents if p.stat().st_uid == os.geteuid() and str(p) != "/"]
    modes = {path: path.stat().st_mode for path in [*paths, *above]}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    for path in above:
        path.chmod(path.stat().st_mode | 0o055)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        for path, mode in modes.items():
            path.chmod(mode)


def test_what_a_killed_process_wrote_last_is_read_and_left_where_it_is(
    ledger: DuckDBLedger,
) -> None:
    before = contents(ledger.path.parent)
    assert ledger.query(QUESTION) == ANSWER
    assert contents(ledger.path.parent) == before


def test_a_folder_that_cannot_be_written_is_read(ledger: DuckDBLedger) -> None:
    folder = ledger.path.parent
    before = contents(folder)
    with who_may_only_read(folder):
        with pytest.raises(OSError, match="ermission"):
            (folder / "new").write_bytes(b"")
        assert ledger.query(QUESTION) == ANSWER
    assert contents(folder) == before


def test_a_reader_makes_no_lock_beside_a_ledger_that_has_none(ledger: DuckDBLedger) -> None:
    (ledger.path.parent / "ledger.duckdb.lock").unlink()
    assert ledger.query(QUESTION) == ANSWER
    assert not (ledger.path.parent / "ledger.duckdb.lock").exists()


def test_a_reader_waits_for_who_writes_and_says_so(ledger: DuckDBLedger, tmp_path: Path) -> None:
    with ledger.changing(), pytest.raises(StoreUnavailable, match="locked by another process"):
        DuckDBLedger(tmp_path, "paper", wait_seconds=0.0).query(QUESTION)


def test_an_account_without_a_ledger_is_empty_and_stays_away(tmp_path: Path) -> None:
    assert DuckDBLedger(tmp_path, "paper").query("SELECT * FROM trades") == []
    assert list(tmp_path.iterdir()) == []


def test_tables_that_an_earlier_version_did_not_make_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "paper" / "ledger.duckdb"
    path.parent.mkdir()
    statements = SCHEMA.split(";")[:-1]
    tables = [statement.split("IF NOT EXISTS ")[1].split()[0] for statement in statements]
    later = [table for table in tables if table not in OF_ALL_VERSIONS]
    with duckdb.connect(str(path)) as connection:
        for table, statement in zip(tables, statements, strict=True):
            if table not in later:
                connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('last', 'word')")
    before = contents(path.parent)
    ledger = DuckDBLedger(tmp_path, "paper")
    assert ledger.query(QUESTION) == ANSWER
    assert later
    for table in tables:
        assert len(ledger.query(f"SELECT * FROM {table}")) == (table == "meta")
    assert contents(path.parent) == before


@pytest.mark.parametrize("end", LOGS[1:])
def test_a_checkpoint_that_was_cut_short_is_finished_in_a_copy(
    end: str, ledger: DuckDBLedger
) -> None:
    """DuckDB finishes it by writing, which a reader may not: its rows would be missing."""
    folder = ledger.path.parent
    (folder / "ledger.duckdb.wal").rename(folder / f"ledger.duckdb{end}")
    before = contents(folder)
    with ledger.reading() as connection:
        (where,) = connection.execute(
            "SELECT path FROM duckdb_databases() WHERE database_name = 'ledger'"
        ).fetchall()[0]
        assert Path(where).parent != folder
    assert not Path(where).exists()
    assert contents(folder) == before
