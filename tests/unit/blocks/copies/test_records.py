"""How copies have gone, and what the last drill found, as a person reads it months later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks.account.facts import AccountFacts
from blocks.account_files import RECORD_FILE
from blocks.copies.drill import Drill
from blocks.copies.drill_record import DrillRecord, read_drill_record, write_drill_record
from blocks.copies.record import note_failure, note_success, read_copy_record
from blocks.copies.traces import refuse_second_beginning
from blocks.health.checks import Level, Place
from blocks.health.copy_checks import check_copies
from blocks.ledger.damage import NotWhole
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.secret_mask import MASK
from blocks.storage.local import LocalStorage
from tasks.sync import sync_account
from tests.full_disk import full_disk
from trading.errors import StoreUnavailable

NOW = datetime(2026, 3, 2, 15, 17, tzinfo=UTC)
ACCOUNT = "paper"


def ledger_in(data_dir: Path) -> DuckDBLedger:
    ledger = DuckDBLedger(data_dir, ACCOUNT)
    ledger.check_account()
    ledger.release()
    return ledger


def test_every_attempt_counts_and_a_success_takes_the_last_error_away(tmp_path: Path) -> None:
    ledger_in(tmp_path)
    assert read_copy_record(tmp_path, ACCOUNT) is None
    note_failure(tmp_path, ACCOUNT, NOW, StoreUnavailable("bucket away", "Try again"))
    failed = read_copy_record(tmp_path, ACCOUNT)
    assert failed is not None and "bucket away" in failed.last_error
    assert (failed.last_success, failed.success_rate, failed.ratio) == (None, 0.0, None)
    later = NOW + timedelta(hours=1)
    note_success(tmp_path, ACCOUNT, later, 1000, 250)
    made = read_copy_record(tmp_path, ACCOUNT)
    assert made is not None
    assert (made.last_error, made.last_success, made.last_attempt) == ("", later, later)
    assert (made.successes, made.failures, made.success_rate, made.ratio) == (1, 1, 0.5, 0.25)


class SilentStorage(LocalStorage):
    """A place of copies that nobody finds, as where no name is resolved: each question fails."""

    asked = 0

    def names(self, prefix: str) -> list[str]:
        return self._fail()

    def get(self, name: str) -> bytes:
        return self._fail()

    def put(self, name: str, content: bytes) -> None:
        self._fail()

    def delete(self, name: str) -> None:
        self._fail()

    def _fail(self) -> Any:
        self.asked += 1
        raise StoreUnavailable("bucket away", "Try again")


def test_a_place_of_copies_that_is_silent_is_asked_once_and_not_for_each_step(
    tmp_path: Path,
) -> None:
    """Each question may take half a minute, and somebody may have pressed Ctrl-C."""
    ledger_in(tmp_path)
    silent = SilentStorage(tmp_path / "copies")
    with pytest.raises(StoreUnavailable, match="bucket away"):
        sync_account(tmp_path, ACCOUNT, silent)
    assert silent.asked == 1


def test_rows_that_a_ledger_lost_are_an_alert_at_once_with_a_way_out_that_is_no_other_copy(
    tmp_path: Path,
) -> None:
    ledger_in(tmp_path)
    note_success(tmp_path, ACCOUNT, NOW, 1000, 250)
    note_failure(tmp_path, ACCOUNT, NOW, NotWhole("it has lost rows", "Bring back a copy"))
    record = read_copy_record(tmp_path, ACCOUNT)
    facts, place = AccountFacts(ACCOUNT), Place(tmp_path, ACCOUNT)
    found = check_copies(facts, record, NOW, place)
    assert (found.level, found.hint) == (Level.UNHEALTHY, "Bring back a copy")
    assert found.reason.endswith("it has lost rows")
    note_success(tmp_path, ACCOUNT, NOW, 1000, 250)
    assert check_copies(facts, read_copy_record(tmp_path, ACCOUNT), NOW, place).hint == ""


def test_copies_that_fail_before_an_account_begins_do_not_keep_it_from_beginning(
    tmp_path: Path,
) -> None:
    """A record beside no ledger says that the ledger is lost."""
    note_failure(tmp_path, ACCOUNT, NOW, StoreUnavailable("bucket away", "Try again"))
    refuse_second_beginning(tmp_path / ACCOUNT, LocalStorage(tmp_path / "copies"))
    assert not (tmp_path / ACCOUNT).exists()


def test_a_sync_that_fails_for_weeks_is_written_down_and_one_that_works_says_its_size(
    tmp_path: Path,
) -> None:
    ledger_in(tmp_path)
    blocked = tmp_path / "no-folder"
    blocked.write_text("in the way")
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            sync_account(tmp_path, ACCOUNT, LocalStorage(blocked))
    sync_account(tmp_path, ACCOUNT, LocalStorage(tmp_path / "copies"))
    record = read_copy_record(tmp_path, ACCOUNT)
    assert record is not None
    assert (record.successes, record.failures) == (1, 2)
    stored = sum(path.stat().st_size for path in (tmp_path / "copies").rglob("*.gz"))
    assert record.copied_bytes == stored
    assert 0 < record.copied_bytes < record.size_bytes
    # Nothing new to copy is a copy that is there.
    sync_account(tmp_path, ACCOUNT, LocalStorage(tmp_path / "copies"))
    again = read_copy_record(tmp_path, ACCOUNT)
    assert again is not None
    assert (again.successes, again.copied_bytes) == (2, record.copied_bytes)


def test_no_secret_of_a_storage_comes_into_the_record(tmp_path: Path) -> None:
    ledger_in(tmp_path)
    MASK.learn(["the-key-of-the-bucket"])
    note_failure(tmp_path, ACCOUNT, NOW, StoreUnavailable("key the-key-of-the-bucket", "Look"))
    assert "the-key-of-the-bucket" not in (tmp_path / ACCOUNT / RECORD_FILE).read_text()


def test_a_record_that_has_no_room_leaves_the_one_before_and_no_part_of_itself(
    tmp_path: Path,
) -> None:
    note_success(tmp_path, ACCOUNT, NOW, 1000, 250)
    before = read_copy_record(tmp_path, ACCOUNT)
    with full_disk(10):
        note_success(tmp_path, ACCOUNT, NOW + timedelta(hours=1), 2000, 500)
    assert read_copy_record(tmp_path, ACCOUNT) == before
    assert [path.name for path in (tmp_path / ACCOUNT).iterdir()] == [RECORD_FILE]


def test_what_is_no_record_counts_as_none(tmp_path: Path) -> None:
    note_success(tmp_path, ACCOUNT, NOW, 1000, 250)
    (tmp_path / ACCOUNT / RECORD_FILE).write_text('{"last_attempt": "some day"}')
    assert read_copy_record(tmp_path, ACCOUNT) is None
    note_success(tmp_path, ACCOUNT, NOW, 1000, 250)
    assert read_copy_record(tmp_path, ACCOUNT) is not None


def test_a_drill_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_drill_record(tmp_path, ACCOUNT) is None
    record = DrillRecord(NOW, False, "trades of 2026-03-02 differ")
    write_drill_record(tmp_path, ACCOUNT, record)
    assert read_drill_record(tmp_path, ACCOUNT) == record


def test_a_drill_without_a_session_that_is_over_says_that_there_was_none_to_compare() -> None:
    found = Drill("20250610T150000Z-3", datetime(2025, 6, 10, 15, tzinfo=UTC), 0, (), ())
    assert str(found).endswith("no session of it is over, to be compared")
