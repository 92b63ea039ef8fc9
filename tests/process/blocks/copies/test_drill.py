"""A copy that would not come back is found out in a drill, and not when it is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from blocks.account_files import LEDGER_FILE
from blocks.copies.drill_record import read_drill_record
from blocks.copies.manifest import manifest_name, newest_manifest, read_manifest
from blocks.ledger.ledger import DuckDBLedger
from blocks.storage.local import LocalStorage
from tasks.drill import drill_account
from tasks.sync import sync_account
from tests.full_disk import full_disk
from trading.errors import BadInput, OpenbellError, StoreUnavailable

ACCOUNT = "replay"


@pytest.fixture
def storage(data_dir: Path) -> LocalStorage:
    found = LocalStorage(data_dir / "copies")
    sync_account(data_dir, ACCOUNT, found)
    return found


def told(data_dir: Path) -> list[str]:
    sql = "SELECT payload FROM outbox WHERE kind = 'SYSTEM_ERROR'"
    return [row["payload"] for row in DuckDBLedger(data_dir, ACCOUNT).query(sql)]


def change(data_dir: Path, sql: str) -> None:
    with duckdb.connect(str(data_dir / ACCOUNT / LEDGER_FILE)) as connection:
        connection.execute(sql)


def test_a_good_copy_is_folded_compared_in_every_table_and_nothing_is_left(
    data_dir: Path, storage: LocalStorage
) -> None:
    before = (data_dir / ACCOUNT / LEDGER_FILE).read_bytes()
    found = drill_account(data_dir, ACCOUNT, storage)
    assert found.is_good
    assert (found.sessions, found.left_out) == (2, ())
    compared = {(check.table, check.compared_with): check.rows for check in found.checks}
    assert {table for table, _ in compared} == {
        "journal", "orders", "trades", "equity", "decisions", "outbox",
    }  # fmt: skip
    assert all(rows > 0 for rows in compared.values())
    record = read_drill_record(data_dir, ACCOUNT)
    assert record is not None
    assert (record.is_good, record.text) == (True, str(found))
    assert told(data_dir) == []
    assert (data_dir / ACCOUNT / LEDGER_FILE).read_bytes() == before
    assert not list(data_dir.rglob(".copy-*"))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE equity SET equity = equity + 1 WHERE session = '2025-06-10'", "of equity differ"),
        ("DELETE FROM decisions WHERE session = '2025-06-10'", "of decisions differ"),
        ("UPDATE orders SET filled = filled + 1 WHERE session = '2025-06-10'", "of orders differ"),
    ],
)
def test_a_table_that_is_not_what_its_journal_makes_is_told(
    sql: str, words: str, data_dir: Path, storage: LocalStorage
) -> None:
    """The proof of each copy looks at its last session only; years lie before that."""
    change(data_dir, sql)
    sync_account(data_dir, ACCOUNT, storage)
    found = drill_account(data_dir, ACCOUNT, storage)
    assert not found.is_good
    assert f"{words} from what its journal makes" in str(found)
    record = read_drill_record(data_dir, ACCOUNT)
    assert record is not None and not record.is_good
    (message,) = told(data_dir)
    assert words in message


def test_a_ledger_that_has_become_another_since_its_copy_is_told(
    data_dir: Path, storage: LocalStorage
) -> None:
    change(data_dir, "UPDATE trades SET pnl = pnl + 1")
    found = drill_account(data_dir, ACCOUNT, storage)
    assert "of trades differ from the ledger that is here" in str(found)


@pytest.mark.parametrize("fault", ["cut off", "altered", "none", "no room"])
def test_a_copy_that_does_not_come_back_is_a_bad_drill(
    fault: str, data_dir: Path, storage: LocalStorage
) -> None:
    manifest = newest_manifest(storage, ACCOUNT)
    assert manifest is not None
    if fault == "cut off":
        storage.put(manifest.ledger.name, storage.get(manifest.ledger.name)[:-100])
    if fault == "altered":
        forged = replace(read_manifest(storage, ACCOUNT, manifest.version), journal_seq=1)
        storage.put(manifest_name(ACCOUNT, manifest.version), forged.to_json())
    if fault == "none":
        storage.delete(manifest_name(ACCOUNT, manifest.version))
    errors: type[OpenbellError] = BadInput if fault == "none" else StoreUnavailable
    if fault == "no room":
        with full_disk(100_000), pytest.raises(errors):
            drill_account(data_dir, ACCOUNT, storage)
    else:
        with pytest.raises(errors):
            drill_account(data_dir, ACCOUNT, storage)
        (message,) = told(data_dir)
        assert "no copy came back" in message
    record = read_drill_record(data_dir, ACCOUNT)
    assert record is not None and not record.is_good
    assert not list(data_dir.rglob(".copy-*"))
