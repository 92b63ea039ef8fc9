"""A store that is gone between two transactions: one may be made anew, another is missed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from blocks.account.facts import read_facts
from blocks.exchange.mock_exchange import SCHEMA as EXCHANGE_SCHEMA
from blocks.ledger.ledger import DuckDBLedger
from blocks.stores.duckdb_file import DuckDBFile
from blocks.telemetry.file import telemetry_file
from tests.logged import logged
from trading.errors import BadInput, StoreUnavailable
from trading.session.messages.message import system_message

NOW = datetime(2025, 6, 10, 15, 0, tzinfo=UTC)

SCHEMA = "CREATE TABLE IF NOT EXISTS one (x INTEGER); CREATE TABLE IF NOT EXISTS two (x INTEGER);"


def make_older(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE one (x INTEGER)")


@pytest.mark.parametrize("replacement", ["nothing", "an older file"])
def test_tables_are_made_in_whatever_lies_there_now(replacement: str, tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    store = DuckDBFile(path, SCHEMA, may_be_made_again=True)
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


@pytest.mark.parametrize("hold_seconds", [0.0, 3600.0])
@pytest.mark.parametrize("left", ["nothing", "an empty file", "no folder"])
def test_a_ledger_that_is_gone_in_use_is_missed_and_not_begun_anew(
    hold_seconds: float, left: str, tmp_path: Path
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper", hold_seconds)
    epoch = ledger.acquire_lease()
    ledger.path.unlink()
    if left == "an empty file":
        ledger.path.write_bytes(b"")
    if left == "no folder":
        shutil.rmtree(ledger.path.parent)
    files = set(tmp_path.rglob("*"))
    hint = f"openbell restore --data-dir {tmp_path} --account paper"
    for use in (
        lambda: ledger.commit([], epoch=epoch),
        lambda: ledger.query("SELECT * FROM trades"),
        lambda: ledger.give_back_lease(epoch),
    ):
        with pytest.raises(BadInput, match=f"was removed while it was in use.*{hint}"):
            use()
    # But for the log of a connection that was open.
    assert set(tmp_path.rglob("*")) <= files


def test_another_ledger_in_its_place_is_not_gone_on_with(tmp_path: Path) -> None:
    ledger, other = DuckDBLedger(tmp_path, "paper"), DuckDBLedger(tmp_path / "other", "paper")
    epoch = ledger.acquire_lease()
    assert other.acquire_lease() == epoch
    other.path.replace(ledger.path)
    before = ledger.path.read_bytes()
    for use in (
        lambda: ledger.commit([], epoch=epoch),
        lambda: ledger.query("SELECT * FROM trades"),
    ):
        with pytest.raises(BadInput, match="was replaced by another ledger"):
            use()
    assert ledger.path.read_bytes() == before


def test_a_copy_of_the_same_ledger_is_gone_on_with(tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    epoch = ledger.acquire_lease()
    ledger.release()
    copy = tmp_path / "copy"
    shutil.copy(ledger.path, copy)
    copy.replace(ledger.path)
    ledger.commit([], epoch=epoch)


def test_the_exchange_s_store_is_missed_although_it_is_open(tmp_path: Path) -> None:
    store = DuckDBFile(tmp_path / "exchange-mock.duckdb", EXCHANGE_SCHEMA, hold_seconds=3600.0)
    with store.transaction():
        pass
    store.path.unlink()
    with pytest.raises(BadInput, match="was removed while it was in use"), store.transaction():
        pass
    assert not store.path.exists()


def test_a_session_goes_on_without_a_table_of_messages_that_was_removed_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    epoch = ledger.acquire_lease()
    word = system_message("SYSTEM_WARNING", "late", "2025-06-10", "paper", NOW, {})
    ledger.add_messages("2025-06-10", [word])
    with duckdb.connect(str(ledger.path)) as connection:
        connection.execute("DROP TABLE outbox")
    assert read_facts(tmp_path, "paper").outbox_lost == "outbox"
    # What it was about to write meets it, and what comes afterwards does not.
    with pytest.raises(StoreUnavailable):
        ledger.add_messages("2025-06-10", [word])
    ledger.add_messages("2025-06-10", [word])
    with caplog.at_level("ERROR", "openbell"):
        ledger.commit([], epoch=epoch)
        ledger.commit([], epoch=epoch)
    told = [record.getMessage() for record in logged(caplog)]
    assert len(told) == 1
    assert "had lost its table outbox" in told[0]
    assert f"restore --force --data-dir {tmp_path} --account paper" in told[0]
    assert read_facts(tmp_path, "paper").outbox_lost == ""


@pytest.mark.parametrize("hold_seconds", [0.0, 3600.0])
def test_telemetry_is_made_anew(hold_seconds: float, tmp_path: Path) -> None:
    file = telemetry_file(tmp_path, "paper", hold_seconds)
    for _ in range(2):
        with file.transaction() as connection:
            assert connection.execute("SELECT count(*) FROM metrics").fetchone() == (0,)
        file.path.unlink()
