"""A ledger that is replaced while it is traded is no ledger to go on with: rows would be lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from trading.errors import BadInput
from trading.session.events import Discrepancy

DAY = "2025-06-10"


def write(ledger: DuckDBLedger, epoch: int, *reasons: str) -> None:
    events = [Discrepancy("AAA", reason, {}) for reason in reasons]
    ledger.commit(events, epoch=epoch, session=DAY)
    ledger.release()


def numbers_in(ledger: DuckDBLedger) -> list[int]:
    return [row.number for row in ledger.journal_of(DAY)]


@pytest.mark.parametrize("way", ["written over", "moved into its place"])
def test_an_older_copy_of_the_same_ledger_is_refused(way: str, tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    epoch = ledger.acquire_lease()
    write(ledger, epoch, "one")
    older = shutil.copy(ledger.path, tmp_path / "older")
    write(ledger, epoch, "two", "three")
    newer = shutil.copy(ledger.path, tmp_path / "newer")
    if way == "written over":
        shutil.copyfile(older, ledger.path)
    else:
        Path(older).replace(ledger.path)
    before = ledger.path.read_bytes()
    for _ in range(2):
        with pytest.raises(BadInput, match="ends with row 1, and row 3 was written"):
            write(ledger, epoch, "four")
    ledger.release()
    assert ledger.path.read_bytes() == before
    # With the one that was there it goes on, and no number is given twice or left out.
    shutil.copyfile(newer, ledger.path)
    write(ledger, epoch, "four")
    assert numbers_in(ledger) == [1, 2, 3, 4]
    ledger.give_back_lease(epoch)


def test_who_takes_the_lease_anew_goes_on_with_what_is_there(tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    epoch = ledger.acquire_lease()
    write(ledger, epoch, "one")
    older = shutil.copy(ledger.path, tmp_path / "older")
    write(ledger, epoch, "two")
    ledger.give_back_lease(epoch)
    ledger.release()
    shutil.copyfile(older, ledger.path)
    write(ledger, ledger.acquire_lease(), "another")
    assert numbers_in(ledger) == [1, 2]
