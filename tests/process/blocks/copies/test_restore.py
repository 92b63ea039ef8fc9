"""Restores: verified before anything is replaced, never over what only the local ledger holds."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from blocks.copies.comparison import Standing
from blocks.copies.manifest import manifest_name, newest_manifest, read_manifest, versions
from blocks.copies.restore import restore, restore_if_newer
from blocks.copies.store import store_copy
from blocks.ledger.ledger import DuckDBLedger
from blocks.storage.content import sha256_of
from blocks.storage.local import LocalStorage
from blocks.stores.file_lock import locked
from flows.__main__ import main
from tests.fixtures.copies import replay
from tests.repository import REPOSITORY
from trading.errors import BadInput, LeaseLost, StoreInUse, StoreUnavailable

# Later than any copy that a session of the test makes by itself.
NOW = datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "copies")


def ledger_in(data_dir: Path) -> DuckDBLedger:
    return DuckDBLedger(data_dir, "replay")


def contents(data_dir: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the account's ledger holds, but for its lease and when it was restored."""
    tables = ("journal", "orders", "trades", "positions", "equity", "decisions", "commands")
    with ledger_in(data_dir).reading() as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in tables
        } | {
            "meta": connection.execute(
                "SELECT * FROM meta WHERE name <> 'restored at' ORDER BY ALL"
            ).fetchall()
        }


def files(data_dir: Path) -> dict[str, str]:
    """The files that a copy holds; telemetry is not worth one."""
    return {
        path.name: sha256_of(path.read_bytes())
        for path in (data_dir / "replay").iterdir()
        if path.suffix != ".lock" and not path.name.startswith("telemetry")
    }


def test_a_restored_ledger_equals_the_one_that_was_lost(server: Any, data_dir: Path) -> None:
    storage = server.storage(server.new_container())
    made = store_copy(ledger_in(data_dir), storage, NOW)
    before = contents(data_dir)
    shutil.rmtree(data_dir)
    report = restore(storage, data_dir, "replay", NOW)
    assert (report.is_restored, report.version) == (True, made.version)
    assert contents(data_dir) == before


def test_a_session_goes_on_after_a_restore_as_if_nothing_had_happened(
    data_dir: Path, tmp_path: Path
) -> None:
    """The next session trades the same as it would have done on the machine that is gone."""
    storage = LocalStorage(data_dir / "copies")
    store_copy(ledger_in(data_dir), storage, datetime.now(UTC))
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(data_dir, undisturbed)
    replay(undisturbed, "2025-06-12")

    shutil.rmtree(data_dir / "replay")
    restore(storage, data_dir, "replay", datetime.now(UTC))
    assert replay(data_dir, "2025-06-12") == 1

    wanted, got = contents(undisturbed), contents(data_dir)
    assert len(wanted["trades"]) > len([row for row in wanted["trades"] if row[0].day < 12])
    for table in ("orders", "trades", "equity", "decisions", "meta"):
        assert got[table] == wanted[table], table
    without_epochs = [
        [(row[0], row[3], {**json.loads(row[4]), "epoch": 0}) for row in rows["journal"]]
        for rows in (wanted, got)
    ]
    assert without_epochs[0] == without_epochs[1]
    # And the session's own sync has stored what came of it.
    newest = newest_manifest(storage, "replay")
    assert newest is not None and newest.last_session == "2025-06-12"


def test_without_its_mock_exchange_a_restored_account_still_trades(
    data_dir: Path, storage: LocalStorage
) -> None:
    """A fresh exchange numbers its events from 1: the old cursor would deafen the ledger."""
    made = store_copy(ledger_in(data_dir), storage, NOW)
    forge(storage, made.version, exchange=None)
    shutil.rmtree(data_dir)
    report = restore(storage, data_dir, "replay", NOW)
    assert "no mock exchange" in report.note
    before = len(contents(data_dir)["trades"])
    assert replay(data_dir, "2025-06-12") == 1
    assert len(contents(data_dir)["trades"]) > before


def forge(storage: Any, version: str, /, **changes: Any) -> None:
    """Change a manifest as someone would who can write to the storage."""
    manifest = replace(read_manifest(storage, "replay", version), **changes)
    storage.put(manifest_name("replay", version), manifest.to_json())


def test_a_restore_keeps_aside_what_it_replaces(data_dir: Path, storage: LocalStorage) -> None:
    store_copy(ledger_in(data_dir), storage, NOW)
    ledger_in(data_dir).add_command("halt", "local news", NOW)
    before = files(data_dir)
    report = restore(storage, data_dir, "replay", NOW, force=True)
    after = files(data_dir)
    assert {path.name for path in report.aside} == set(after) - set(before)
    stores = ("ledger.duckdb", "exchange-mock.duckdb")
    assert {after[path.name] for path in report.aside} == {before[name] for name in stores}
    assert contents(data_dir)["commands"] == []


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "flipped": lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "another": lambda content: gzip.compress(b"another file"),
    "longer": lambda content: content + b"more",
}


def test_an_altered_object_is_refused_and_nothing_is_replaced(server: Any, data_dir: Path) -> None:
    """Also where the alteration brings a fitting hash of its own, or the place keeps none."""
    container = server.new_container()
    storage = server.storage(container)
    version = store_copy(ledger_in(data_dir), storage, NOW).version
    before = files(data_dir)
    for part in ("duckdb.gz", "exchange.gz"):
        name = f"replay/{version}.{part}"
        whole = storage.get(name)
        for kind, alter in ALTERATIONS.items():
            altered = alter(whole)
            server.alter(container, name, altered, sha256_of(altered))
            with pytest.raises(StoreUnavailable, match="altered after it was stored"):
                restore(storage, data_dir, "replay", NOW, force=True)
            assert files(data_dir) == before, (part, kind)
        storage.put(name, whole)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"journal_seq": 5}, "does not hold what its manifest says"),
        ({"rows": {}}, "does not hold what its manifest says"),
        ({"pnl": Decimal(1)}, "does not hold what its manifest says"),
        (
            {"account": "paper"},
            "is a copy of account 'paper', not of 'replay'. Copies are not moved between accounts:"
            " move it out of folder .*, or restore that account with --account paper",
        ),
        ({"schema_version": 99}, "whose ledgers this one cannot read"),
        ({"version": "20200101T000000000Z-1"}, "belongs to version 20200101T000000000Z-1"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    changes: dict[str, Any], complaint: str, data_dir: Path, storage: LocalStorage
) -> None:
    version = store_copy(ledger_in(data_dir), storage, NOW).version
    forge(storage, version, **changes)
    before = files(data_dir)
    with pytest.raises((StoreUnavailable, BadInput), match=complaint):
        restore(storage, data_dir, "replay", NOW, force=True)
    assert files(data_dir) == before


def test_a_copy_of_another_account_under_this_ones_name_is_refused(
    data_dir: Path, storage: LocalStorage
) -> None:
    """The ledger tells whose it is, whatever the manifest says."""
    version = store_copy(ledger_in(data_dir), storage, NOW).version
    manifest = read_manifest(storage, "replay", version)
    storage.put(manifest_name("paper", version), replace(manifest, account="paper").to_json())
    with pytest.raises(BadInput, match="is one of account 'replay', not of 'paper'"):
        restore(storage, data_dir, "paper", NOW)
    assert not (data_dir / "paper" / "ledger.duckdb").exists()


def test_a_half_written_manifest_is_no_version_to_restore(
    data_dir: Path, storage: LocalStorage
) -> None:
    whole = store_copy(ledger_in(data_dir), storage, NOW).version
    later = f"{whole[:8]}T235959999Z-999"
    half = storage.get(manifest_name("replay", whole))[:200]
    storage.put(manifest_name("replay", later), half)
    assert restore_if_newer(storage, data_dir, "replay", NOW).version == whole
    with pytest.raises(StoreUnavailable, match="is no manifest"):
        restore(storage, data_dir, "replay", NOW, version=later, force=True)


def add_rows(data_dir: Path, text: str, count: int = 1) -> None:
    """Let the local journal grow."""
    with ledger_in(data_dir).changing() as connection:
        for _ in range(count):
            connection.execute(
                "INSERT INTO journal SELECT max(seq) + 1, NULL, DATE '2025-06-11', 'command',"
                " ? FROM journal",
                [json.dumps({"command": "resume", "reason": text})],
            )


def test_a_newer_local_ledger_is_not_replaced_unless_forced(
    data_dir: Path, storage: LocalStorage
) -> None:
    made = store_copy(ledger_in(data_dir), storage, NOW)
    add_rows(data_dir, "news")
    before = files(data_dir)
    with pytest.raises(BadInput, match=r"holds more than .* Use --force"):
        restore(storage, data_dir, "replay", NOW)
    report = restore_if_newer(storage, data_dir, "replay", NOW)
    assert (report.is_restored, report.standing) == (False, Standing.NEWER)
    assert files(data_dir) == before
    assert restore(storage, data_dir, "replay", NOW, force=True).is_restored
    assert len(contents(data_dir)["journal"]) == made.journal_seq


def test_an_operators_word_that_no_session_has_heard_is_news(
    data_dir: Path, storage: LocalStorage
) -> None:
    """A halt left just now must not be undone by a copy whose journal is as long."""
    store_copy(ledger_in(data_dir), storage, NOW)
    ledger_in(data_dir).add_command("halt", "stop!", NOW)
    with pytest.raises(BadInput, match="holds more than"):
        restore(storage, data_dir, "replay", NOW)
    assert not restore_if_newer(storage, data_dir, "replay", NOW).is_restored


def test_another_history_of_any_length_is_not_replaced_unless_forced(
    data_dir: Path, storage: LocalStorage
) -> None:
    original = data_dir.with_name("original")
    shutil.copytree(data_dir, original)
    add_rows(data_dir, "one history", 3)
    store_copy(ledger_in(data_dir), storage, NOW)
    for count in (1, 3):
        shutil.rmtree(data_dir)
        shutil.copytree(original, data_dir)
        add_rows(data_dir, "another history", count)
        with pytest.raises(BadInput, match="has another history"):
            restore(storage, data_dir, "replay", NOW)
        report = restore_if_newer(storage, data_dir, "replay", NOW)
        assert (report.is_restored, report.standing) == (False, Standing.DIVERGED)
    assert restore(storage, data_dir, "replay", NOW, force=True).is_restored


def test_an_older_part_of_the_same_history_is_replaced_at_the_start(
    data_dir: Path, storage: LocalStorage
) -> None:
    original = data_dir.with_name("original")
    shutil.copytree(data_dir, original)
    add_rows(data_dir, "elsewhere")
    made = store_copy(ledger_in(data_dir), storage, NOW)
    report = restore_if_newer(storage, original, "replay", NOW)
    assert (report.is_restored, report.standing) == (True, Standing.OLDER)
    assert len(contents(original)["journal"]) == made.journal_seq
    again = restore_if_newer(storage, original, "replay", NOW + timedelta(minutes=1))
    assert not again.is_restored


def test_nothing_is_restored_where_there_is_no_copy(data_dir: Path, storage: LocalStorage) -> None:
    assert not restore_if_newer(storage, data_dir, "replay", NOW).is_restored
    with pytest.raises(BadInput, match="has no copy of account 'replay'"):
        restore(storage, data_dir, "replay", NOW)


def test_what_the_operator_went_back_from_does_not_return_at_the_start(
    data_dir: Path, storage: LocalStorage
) -> None:
    old = store_copy(ledger_in(data_dir), storage, NOW).version
    add_rows(data_dir, "a mistake")
    store_copy(ledger_in(data_dir), storage, NOW + timedelta(minutes=1))
    restore(storage, data_dir, "replay", NOW + timedelta(minutes=2), version=old, force=True)
    assert not restore_if_newer(storage, data_dir, "replay", NOW).is_restored
    assert len(contents(data_dir)["journal"]) == read_manifest(storage, "replay", old).journal_seq


class FreedWhenFetched(LocalStorage):
    """A storage whose copies take so long to fetch that who uses the ledger is done meanwhile."""

    in_use: ExitStack

    def get(self, name: str) -> bytes:
        if name.endswith(".gz"):
            self.in_use.close()
        return super().get(name)


def test_what_the_operator_went_back_from_does_not_return_while_the_ledger_is_in_use(
    data_dir: Path, storage: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = store_copy(ledger_in(data_dir), storage, NOW).version
    add_rows(data_dir, "a mistake")
    store_copy(ledger_in(data_dir), storage, NOW + timedelta(minutes=1))
    restore(storage, data_dir, "replay", NOW + timedelta(minutes=2), version=old, force=True)
    monkeypatch.setattr("blocks.copies.restore.LOCK_DEADLINE_SECONDS", 0.01)
    slow = FreedWhenFetched(tmp_path / "copies")
    with ExitStack() as slow.in_use:
        slow.in_use.enter_context(locked(data_dir / "replay" / "ledger.duckdb"))
        with pytest.raises(StoreInUse, match="was locked by another process"):
            restore_if_newer(slow, data_dir, "replay", NOW)
    assert len(contents(data_dir)["journal"]) == read_manifest(storage, "replay", old).journal_seq


def test_a_ledger_that_cannot_be_read_is_kept_aside_when_forced(
    data_dir: Path, storage: LocalStorage
) -> None:
    store_copy(ledger_in(data_dir), storage, NOW)
    path = data_dir / "replay" / "ledger.duckdb"
    path.write_bytes(b"rubbish" * 5_000)
    path.with_name("ledger.duckdb.wal").write_bytes(b"rubbish")
    with pytest.raises(BadInput, match="cannot be read"):
        restore(storage, data_dir, "replay", NOW)
    report = restore(storage, data_dir, "replay", NOW, force=True)
    assert any(path.read_bytes().startswith(b"rubbish") for path in report.aside)
    assert len(contents(data_dir)["journal"]) == report.journal_seq


HOLDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from blocks.ledger.ledger import DuckDBLedger
ledger = DuckDBLedger(Path(sys.argv[1]), "replay")
ledger.acquire_lease()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_trader(data_dir: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == b"held\n"
        yield
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_nothing_is_replaced_while_a_live_process_trades(
    data_dir: Path, storage: LocalStorage
) -> None:
    original = data_dir.with_name("original")
    shutil.copytree(data_dir, original)
    add_rows(data_dir, "elsewhere")
    store_copy(ledger_in(data_dir), storage, NOW)
    now = datetime.now(UTC)
    with another_trader(original):
        before = files(original)
        for force in (False, True):
            with pytest.raises(LeaseLost, match="is traded by"):
                restore(storage, original, "replay", now, force=force)
        with pytest.raises(LeaseLost):
            restore_if_newer(storage, original, "replay", now)
        assert files(original) == before
    # It was killed.
    assert restore(storage, original, "replay", now).is_restored


def test_an_epoch_that_was_given_out_is_never_given_out_again(
    data_dir: Path, storage: LocalStorage
) -> None:
    """A trader that was asleep during the restore must not commit to the restored ledger."""
    store_copy(ledger_in(data_dir), storage, NOW)
    asleep = ledger_in(data_dir)
    for _ in range(3):
        epoch = asleep.acquire_lease()
    asleep.give_back_lease(epoch)
    asleep.release()
    restore(storage, data_dir, "replay", datetime.now(UTC), force=True)
    fresh = ledger_in(data_dir).acquire_lease()
    assert fresh > epoch
    with pytest.raises(LeaseLost):
        asleep.commit([], epoch=epoch)


def test_the_terminal_syncs_lists_and_restores(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ENABLE_CLOUD_SYNC", raising=False)
    where = ["--data-dir", str(data_dir)]
    assert main(["sync", *where]) == 0
    assert main(["restore", *where, "--list"]) == 0
    version = capsys.readouterr().out.splitlines()[-1].split()[0]
    assert versions(LocalStorage(data_dir / "copies"), "replay") == [version]
    add_rows(data_dir, "news")
    assert main(["restore", *where]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["restore", *where, "--version", version, "--force"]) == 0
    assert f"restored {version}" in capsys.readouterr().out
    assert main(["restore", *where, "--version", "nonsense"]) == 2
    assert main(["restore", *where, "--account", "paper"]) == 2
    assert main(["sync", *where, "--account", "paper"]) == 2
    # A misspelt account leaves nothing behind that would look like one.
    assert not (data_dir / "paper").exists()


def test_a_restored_file_is_a_database_and_not_what_was_sent(
    data_dir: Path, storage: LocalStorage
) -> None:
    """A restore that forgets to unpack installs a gzip as the ledger."""
    store_copy(ledger_in(data_dir), storage, NOW)
    shutil.rmtree(data_dir)
    restore(storage, data_dir, "replay", NOW)
    with duckdb.connect(str(data_dir / "replay" / "ledger.duckdb"), read_only=True) as ledger:
        assert ledger.execute("SELECT count(*) > 50 FROM journal").fetchall() == [(True,)]
    assert not list((data_dir / "replay").glob("*.wal"))
    assert not list((data_dir / "replay").glob(".copy-*"))
