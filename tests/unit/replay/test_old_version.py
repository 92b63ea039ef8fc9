"""Data folders written by version 0.1.0 are opened, shown, gone on with, copied and restored."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from blocks.ledger.ledger import DuckDBLedger
from tests.terminal import flows

WRITTEN = Path(__file__).parent / "old_version"
# The session of old_version/README.md.
OPTIONS = (
    "--symbols", "AAA,BBB,CCC", "--interval", "30", "--seed", "11",
    "--set", "range_minutes=30", "--set", "min_body=0", "--set", "max_entries=2",
)  # fmt: skip
# Columns that version 0.1.0 did not have.
ADDED = {"level", "score", "relative_opening_volume", "target_kind"}
DAY, NEXT_DAY = "2025-06-10", "2025-06-11"


def unpacked(name: str, folder: Path) -> Path:
    """Return a data folder as version 0.1.0 left it."""
    with tarfile.open(WRITTEN / f"{name}.tar.xz") as archive:
        # Pythons before 3.11.4 know no filters.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder, **safely)
    return folder


def replay(folder: Path, dates: str) -> int:
    return flows("run", "--replay", dates, *OPTIONS, "--data-dir", folder).returncode


def status(folder: Path) -> dict[str, Any]:
    shown = flows("show-status", "--json", "--data-dir", folder)
    assert shown.returncode == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what an account did, without its lease, its messages and when rows were written."""
    ledger = DuckDBLedger(folder, "replay")
    return {
        name: [
            {column: value for column, value in row.items() if column not in ADDED}
            for row in ledger.query(f"SELECT * FROM {name} ORDER BY ALL")
        ]
        for name in ("trades", "orders", "positions", "equity", "decisions")
    }


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sessions, undisturbed, by today's code."""
    folder = tmp_path_factory.mktemp("today")
    assert replay(folder, f"{DAY}:{NEXT_DAY}") == 0
    return folder


def test_an_interrupted_session_is_shown_and_goes_on_as_if_undisturbed(
    two_days: Path, tmp_path: Path
) -> None:
    folder = unpacked("interrupted", tmp_path)
    shown = status(folder)
    assert {each["symbol"] for each in shown["positions"]} == {"AAA", "BBB", "CCC"}
    assert shown["last_bar"].startswith("2025-06-10T15:30")
    assert len(tables(folder)["equity"]) == 5

    assert replay(folder, f"{DAY}:{NEXT_DAY}") == 0
    assert tables(folder) == tables(two_days)


def test_a_closed_account_is_shown_and_trades_the_next_session(
    two_days: Path, tmp_path: Path
) -> None:
    folder = unpacked("closed", tmp_path)
    before = tables(folder)
    shown = status(folder)
    assert len(shown["trades"]) == len(before["trades"]) > 0
    assert shown["positions"] == []
    # The session that the version before has closed is not traded again.
    assert replay(folder, DAY) == 0
    assert tables(folder) == before

    assert replay(folder, NEXT_DAY) == 0
    assert tables(folder) == tables(two_days)


@pytest.mark.parametrize("name", ["closed", "interrupted"])
def test_an_account_of_before_is_copied_and_restored(name: str, tmp_path: Path) -> None:
    folder = unpacked(name, tmp_path)
    shutil.rmtree(folder / "copies", ignore_errors=True)
    before = tables(folder)
    where = ("--data-dir", str(folder), "--account", "replay")
    assert flows("sync", *where).returncode == 0
    shutil.rmtree(folder / "replay")
    assert flows("restore", *where).returncode == 0
    assert tables(folder) == before


def test_a_copy_that_the_version_before_made_is_restored_and_goes_on(
    two_days: Path, tmp_path: Path
) -> None:
    folder = unpacked("closed", tmp_path)
    before = tables(folder)
    shutil.rmtree(folder / "replay")
    restored = flows("restore", "--data-dir", folder, "--account", "replay")
    assert restored.returncode == 0, restored.stderr
    assert tables(folder) == before
    assert replay(folder, NEXT_DAY) == 0
    assert tables(folder) == tables(two_days)
