"""Ledgers, logs and Prefect's database are their owner's alone, also those that lay open before."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process.files.private_files import close_to_others, keep_private

FILES = (
    "paper/ledger.duckdb", "paper/ledger.duckdb.wal", "paper/exchange-mock.duckdb",
    "prefect/prefect.db", "prefect/prefect.db-wal", "prefect/prefect.db-shm", "logs/server.log.1",
    "copies/paper/2025/copy.duckdb", "backtests/mine/report.html",
)  # fmt: skip


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """Return a data folder as an earlier version left it: open to be read by everybody."""
    data_dir = tmp_path / "data"
    for name in FILES:
        (data_dir / name).parent.mkdir(parents=True, exist_ok=True)
        (data_dir / name).touch()
        (data_dir / name).chmod(0o644)
    for path in (data_dir, *(path for path in data_dir.rglob("*") if path.is_dir())):
        path.chmod(0o755)
    return data_dir


def test_what_lay_open_is_closed(loose: Path) -> None:
    assert close_to_others(loose) == []
    for path in (loose, *loose.rglob("*")):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    assert close_to_others(loose) == []


def test_a_folder_that_holds_other_things_keeps_its_mode_and_they_keep_theirs(
    loose: Path,
) -> None:
    (loose / "notes").mkdir(mode=0o755)
    program = loose / "notes" / "program"
    program.touch()
    program.chmod(0o755)
    (loose / "logs" / "link").symlink_to(program)
    (loose / "prefect" / "folder").symlink_to(loose / "notes")
    close_to_others(loose)
    assert (mode(loose), mode(loose / "notes"), mode(program)) == (0o755, 0o755, 0o755)
    assert mode(loose / "paper" / "ledger.duckdb") == 0o600


def test_a_folder_that_is_not_there_is_none_to_close(tmp_path: Path) -> None:
    assert close_to_others(tmp_path / "nowhere") == []


def test_a_ledger_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keep_private()
        ledger = DuckDBLedger(tmp_path / "data", "paper")
        ledger.give_back_lease(ledger.acquire_lease())
        ledger.release()
    finally:
        os.umask(before)
    made = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert len(made) > 2
    assert [path for path in made if mode(path) & 0o077] == []


def test_a_mask_that_is_stricter_stays(tmp_path: Path) -> None:
    before = os.umask(0o177)
    try:
        keep_private()
        (tmp_path / "file").touch()
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o600
