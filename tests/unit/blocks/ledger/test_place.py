"""Of a data folder and its copy one is traded: two would send the orders of one account twice."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.copies.restore import restore
from blocks.copies.store import store_copy
from blocks.ledger import lease, place
from blocks.ledger.ledger import DuckDBLedger
from blocks.storage.local import LocalStorage
from blocks.stores.file_lock import locked
from trading.errors import BadInput, StoreInUse

NOW = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)


def traded(folder: Path, account: str = "paper") -> int:
    """Trade an account for a moment; return its epoch."""
    ledger = DuckDBLedger(folder, account)
    epoch = ledger.acquire_lease()
    ledger.give_back_lease(epoch)
    return epoch


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = tmp_path / "original"
    traded(folder)
    return folder


def test_a_copy_beside_its_original_is_not_traded_and_the_original_is(
    original: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    before = (copy / "paper" / "ledger.duckdb").read_bytes()
    with pytest.raises(BadInput) as caught:
        traded(copy)
    told = str(caught.value)
    assert f"account paper in {copy} is a copy of the one in {original / 'paper'}" in told
    assert f"--data-dir {original}" in told
    assert not lease.is_held(copy / "paper")
    assert (copy / "paper" / "ledger.duckdb").read_bytes() == before
    # Both ways out of the hint lead on.
    assert traded(original) == 2
    (original / "paper").rename(tmp_path / "away")
    assert traded(copy) == 2
    # And the copy is at home now.
    (tmp_path / "away").rename(original / "paper")
    assert traded(copy) == 3
    assert traded(original) == 3


def test_a_folder_that_was_moved_goes_on(original: Path, tmp_path: Path) -> None:
    moved = original.rename(tmp_path / "moved")
    assert traded(moved) == 2


def test_another_ledger_at_the_old_place_is_no_original(original: Path, tmp_path: Path) -> None:
    moved = original.rename(tmp_path / "moved")
    traded(original)
    assert traded(moved) == 2
    assert traded(original) == 2


def test_the_same_folder_by_another_path_goes_on(original: Path, tmp_path: Path) -> None:
    """As a container sees it: the old path is there, and is the same file."""
    (tmp_path / "mounted" / "paper").mkdir(parents=True)
    ledger = tmp_path / "mounted" / "paper" / "ledger.duckdb"
    ledger.hardlink_to(original / "paper" / "ledger.duckdb")
    assert traded(tmp_path / "mounted") == 2


def test_a_copy_that_was_restored_elsewhere_goes_on(original: Path, tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "copies")
    store_copy(DuckDBLedger(original, "paper"), storage, NOW)
    elsewhere = tmp_path / "elsewhere"
    assert restore(storage, elsewhere, "paper", NOW).is_restored
    assert traded(elsewhere) > 1
    assert traded(original) == 2


def test_an_original_that_cannot_be_read_keeps_nobody_from_its_copy(
    original: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    (original / "paper" / "ledger.duckdb").write_bytes(b"rubbish" * 5_000)
    assert traded(copy) == 2


def test_an_original_that_is_in_use_is_asked_again_and_its_copy_does_not_settle(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup or a viewer may have it for minutes: afterwards both would trade."""
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    monkeypatch.setattr(place, "LOOK_SECONDS", 0.01)
    with locked(original / "paper" / "ledger.duckdb"), pytest.raises(StoreInUse) as caught:
        traded(copy)
    told = f"{copy / 'paper'} may be a copy of {original / 'paper'}, which cannot be asked"
    assert told in str(caught.value)
    with pytest.raises(BadInput, match="is a copy of the one in"):
        traded(copy)


def test_replays_may_be_copied_and_gone_on_with(tmp_path: Path) -> None:
    traded(tmp_path / "original", "replay")
    shutil.copytree(tmp_path / "original", tmp_path / "copy")
    assert traded(tmp_path / "copy", "replay") == 2
