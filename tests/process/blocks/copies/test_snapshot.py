"""Copies of a ledger that is in use: whole, proven, and made without holding the order path."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from blocks.copies import snapshot as snapshot_module
from blocks.copies.manifest import (
    Manifest,
    incomplete_versions,
    newest_manifest,
    read_manifest,
    version_name,
    versions,
)
from blocks.copies.proof import hashed_tables, prove
from blocks.copies.restore import restore
from blocks.copies.retention import Retention, kept_versions, thin_out
from blocks.copies.snapshot import take_snapshot, write_copy
from blocks.copies.store import store_copy
from blocks.ledger.damage import NotWhole
from blocks.ledger.ledger import DuckDBLedger
from blocks.storage.local import LocalStorage
from blocks.stores.file_lock import locked
from blocks.stores.reading import read_closed
from tests.repository import REPOSITORY
from tests.servers.cut_line import CutLine
from tests.servers.object_stores import wait_until
from trading.errors import BadInput, StoreUnavailable

NOW = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
LAST_SESSION = "2025-06-11"
# Each commit adds two rows of journal and one equity point, and is then acknowledged.
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.rows import Projection
from trading.session.events import Command
ledger = DuckDBLedger(Path(sys.argv[1]), "replay", hold_seconds=0.05)
epoch = ledger.acquire_lease()
seq = ledger.query("SELECT max(seq) AS seq FROM journal")[0]["seq"]
number = 0
while True:
    number += 1
    ledger.commit(
        [Command("resume", "a"), Command("resume", "b")],
        epoch=epoch,
        session="2025-06-11",
        projection=Projection("2025-06-11", equity=[(number, 1.5)]),
    )
    seq += 2
    print(seq, flush=True)
"""


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "copies")


def ledger_in(data_dir: Path) -> DuckDBLedger:
    return DuckDBLedger(data_dir, "replay")


def rows_of(path: Path, table: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(f'SELECT * FROM "{table}" ORDER BY ALL').fetchall()


def counts_in(path: Path) -> dict[str, int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {name: count for name, (count, _) in hashed_tables(connection).items()}


def test_a_snapshot_holds_every_row_of_every_table(data_dir: Path, tmp_path: Path) -> None:
    ledger = ledger_in(data_dir)
    copy = take_snapshot(ledger, tmp_path / "copy.duckdb").path
    rows = counts_in(copy)
    assert rows["journal"] > 50
    assert {name for name, count in rows.items() if count} >= {
        "journal", "orders", "trades", "equity", "decisions", "meta", "lease",
    }  # fmt: skip
    for table in rows:
        assert rows_of(copy, table) == rows_of(ledger.path, table), table


def test_a_snapshot_keeps_the_keys_that_make_writes_idempotent(
    data_dir: Path, tmp_path: Path
) -> None:
    ledger = ledger_in(data_dir)
    question = (
        "SELECT table_name, constraint_text FROM duckdb_constraints()"
        " WHERE database_name = current_database() ORDER BY ALL"
    )
    copy = take_snapshot(ledger, tmp_path / "copy.duckdb").path
    with duckdb.connect(str(copy)) as connection, ledger.reading() as live:
        wanted = live.execute(question).fetchall()
        assert connection.execute(question).fetchall() == wanted != []


@contextmanager
def writing(data_dir: Path, acknowledged: Path) -> Iterator[Callable[[], int]]:
    """Let another process commit without pause; yield what returns its last acknowledged row."""
    with acknowledged.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(data_dir)], stdout=output, cwd=REPOSITORY
        )

    def last() -> int:
        assert process.poll() is None
        lines = acknowledged.read_text().split("\n")[:-1]
        return int(lines[-1]) if lines else 0

    try:
        wait_until(lambda: last() > 0, 60, "the writer's first commit")
        yield last
    finally:
        process.kill()
        process.wait(10)


def test_copies_made_while_another_process_writes_are_never_torn(
    data_dir: Path, tmp_path: Path, storage: LocalStorage
) -> None:
    ledger = ledger_in(data_dir)
    before = {name: len(rows_of(ledger.path, name)) for name in ("journal", "equity")}
    seen: list[int] = []
    with writing(data_dir, tmp_path / "acknowledged") as last_acknowledged:
        for number in range(4):
            at_least = last_acknowledged()
            copy = take_snapshot(ledger, tmp_path / f"{number}.duckdb").path
            at_most = last_acknowledged() + 2
            rows = counts_in(copy)
            assert at_least <= rows["journal"] <= at_most
            seen.append(rows["journal"])
            # A commit is in the copy with all that it wrote, or with nothing.
            added = {name: rows[name] - count for name, count in before.items()}
            assert added["journal"] == 2 * added["equity"] > 0
            store_copy(ledger, storage, NOW + timedelta(minutes=number))
    assert sorted(set(seen)) == seen
    live = rows_of(ledger.path, "journal")
    for number, seq in enumerate(seen):
        assert rows_of(tmp_path / f"{number}.duckdb", "journal") == live[:seq]
    assert len(versions(storage, "replay")) == 4


def test_what_only_a_killed_process_log_holds_is_copied_too(data_dir: Path, tmp_path: Path) -> None:
    with writing(data_dir, tmp_path / "acknowledged") as last_acknowledged:
        wait_until(lambda: last_acknowledged() > 200, 60, "some commits")
        acknowledged = last_acknowledged()
    copy = take_snapshot(ledger_in(data_dir), tmp_path / "copy.duckdb").path
    assert counts_in(copy)["journal"] >= acknowledged


# Commits, says so, and is gone before its log has come into the file.
KILLED = """
import os, sys
import duckdb
ledger = duckdb.connect(sys.argv[1])
ledger.execute("INSERT INTO meta VALUES ('killed', 'after its commit')")
print("committed", flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_log_that_is_left_when_the_file_is_copied_comes_into_the_copy(
    data_dir: Path, tmp_path: Path
) -> None:
    path = ledger_in(data_dir).path
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, check=False
    )
    assert killed.stdout == b"committed\n"
    assert path.with_name(f"{path.name}.wal").exists()
    copy = tmp_path / "copy.duckdb"
    with locked(path):
        contents = read_closed(path)
    write_copy(contents, copy)
    assert list(tmp_path.glob("copy.duckdb*")) == [copy]
    assert ("killed", "after its commit") in rows_of(copy, "meta")


def test_nobody_can_open_a_ledger_while_its_file_is_read(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = ledger_in(data_dir)
    refused: list[StoreUnavailable] = []

    def try_to_open(edge: str) -> None:
        with pytest.raises(StoreUnavailable, match="locked by another process") as caught:
            DuckDBLedger(data_dir, "replay", wait_seconds=0.05).query("SELECT 1")
        refused.append(caught.value)

    monkeypatch.setattr(snapshot_module, "reach", try_to_open)
    take_snapshot(ledger, tmp_path / "copy.duckdb")
    assert len(refused) == 1
    assert ledger.query("SELECT 1 AS one")[0]["one"] == 1


def test_a_ledger_of_an_earlier_version_is_copied_with_the_tables_that_came_since(
    data_dir: Path, tmp_path: Path
) -> None:
    ledger = ledger_in(data_dir)
    with duckdb.connect(str(ledger.path)) as connection:
        connection.execute("DROP TABLE outbox_channels")
    copy = take_snapshot(ledger, tmp_path / "copy.duckdb").path
    assert rows_of(copy, "outbox_channels") == []
    assert prove(copy, "replay").last_session == LAST_SESSION


def test_a_place_that_takes_no_copy_is_an_error_of_one_line(data_dir: Path, tmp_path: Path) -> None:
    ledger = ledger_in(data_dir)
    with pytest.raises(StoreUnavailable, match="cannot be written: No such file") as caught:
        take_snapshot(ledger, tmp_path / "gone" / "copy.duckdb")
    assert str(caught.value).count("\n") == 0
    assert ledger.query("SELECT 1 AS one")[0]["one"] == 1


def test_a_copy_of_a_journal_of_100_000_rows_holds_nobody_for_250_ms(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 100_000)
    holds = []
    for _ in range(3):
        snapshot = take_snapshot(ledger, tmp_path / "copy.duckdb")
        assert counts_in(snapshot.path)["journal"] == 100_000
        holds.append(snapshot.held_s)
        if holds[-1] < 0.25:
            return
    pytest.fail(f"the ledger was held for {holds} s")


def ledger_of(data_dir: Path, rows: int) -> DuckDBLedger:
    """Return a ledger with so many rows of journal, 80 in each session."""
    ledger = ledger_in(data_dir)
    first = datetime(2000, 1, 1, tzinfo=UTC)
    numbers = range(1, rows + 1)
    journal = pa.table(
        {
            "seq": pa.array(numbers, pa.int64()),
            "ts": [first + timedelta(minutes=n) for n in numbers],
            "session": [(first + timedelta(days=n // 80)).date() for n in numbers],
            "kind": ["bar"] * rows,
            "payload": [f'{{"bar":{n},"text":"{n:0250}"}}' for n in numbers],
        }
    )
    with ledger.changing() as connection:
        connection.register("rows_", journal)
        connection.execute("INSERT INTO journal SELECT * FROM rows_")
        connection.execute("INSERT INTO equity SELECT ts, session, seq FROM rows_")
        connection.unregister("rows_")
    return ledger


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("DELETE FROM journal WHERE seq = 50", "journal has .* rows, numbered 1 to"),
        ("DELETE FROM journal WHERE seq < 3", "journal has .* rows, numbered 3 to"),
        (
            f"UPDATE trades SET pnl = pnl + 0.01 WHERE session = '{LAST_SESSION}'",
            "is not the one that its journal makes",
        ),
        (
            f"INSERT INTO trades BY NAME SELECT * REPLACE (number + 900 AS number) FROM trades"
            f" WHERE session = '{LAST_SESSION}'",
            "trades of 2025-06-11, its journal makes",
        ),
        (
            f"UPDATE journal SET payload = '{{}}' WHERE session = '{LAST_SESSION}'"
            " AND kind = 'bar'",
            "cannot be folded",
        ),
    ],
)
def test_a_ledger_that_does_not_agree_with_itself_is_no_version(
    damage: str, complaint: str, data_dir: Path, storage: LocalStorage
) -> None:
    ledger = ledger_in(data_dir)
    with ledger.changing() as connection:
        connection.execute(damage)
    with pytest.raises(NotWhole, match=complaint):
        store_copy(ledger, storage, NOW)
    assert versions(storage, "replay") == []


def test_a_ledger_that_lost_rows_is_copied_as_it_is_beside_the_whole_copies(
    data_dir: Path, storage: LocalStorage
) -> None:
    ledger = ledger_in(data_dir)
    whole = store_copy(ledger, storage, NOW).version
    for number, lost in enumerate((7, 8, 9)):
        with ledger.changing() as connection:
            connection.execute("DELETE FROM journal WHERE seq = ?", [lost])
        with pytest.raises(NotWhole, match=r"what there is was copied.*restore --force") as caught:
            store_copy(ledger, storage, NOW + timedelta(hours=1 + number))
    # The newest alone, and whole ones are what is brought back unless it is named.
    (incomplete,) = incomplete_versions(storage, "replay")
    assert incomplete in caught.value.what
    assert versions(storage, "replay") == [whole]
    assert len(storage.names(f"replay/{incomplete}.")) == 3
    # Nothing is sent again of what is there already.
    with pytest.raises(NotWhole, match=incomplete):
        store_copy(ledger, storage, NOW + timedelta(hours=5))
    journal = rows_of(ledger.path, "journal")
    shutil.rmtree(data_dir / "replay")
    restore(storage, data_dir, "replay", NOW, version=incomplete)
    assert rows_of(ledger.path, "journal") == journal
    restored = restore(storage, data_dir, "replay", NOW, force=True)
    assert restored.version == whole
    assert len(rows_of(ledger.path, "journal")) == len(journal) + 3
    assert store_copy(ledger, storage, NOW + timedelta(hours=6)).version != incomplete


def test_a_file_with_a_damaged_block_is_not_whole(data_dir: Path) -> None:
    path = data_dir / "replay" / "ledger.duckdb"
    content = bytearray(path.read_bytes())
    # Wherever a block with data is hit: all are read.
    with duckdb.connect(str(path), read_only=True) as connection:
        block = connection.execute(
            "SELECT max(block_id) FROM pragma_storage_info('journal')"
            " WHERE column_name = 'payload' AND segment_type = 'VARCHAR'"
        ).fetchall()[0][0]
    place = 3 * 4096 + block * 262_144 + 2_000
    content[place : place + 64] = bytes(64)
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="not whole"):
        prove(path, "replay")


def test_a_ledger_in_the_folder_of_another_account_is_bad_input(
    data_dir: Path, storage: LocalStorage
) -> None:
    shutil.move(data_dir / "replay", data_dir / "paper")
    with pytest.raises(BadInput, match="is one of account 'replay', not of 'paper'"):
        store_copy(DuckDBLedger(data_dir, "paper"), storage, NOW)


def test_a_file_that_is_no_ledger_is_bad_input(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        connection.execute("CREATE TABLE journal (seq BIGINT)")
    with pytest.raises(BadInput, match="ledger has no"):
        prove(tmp_path / "other.duckdb", "replay")


def test_nothing_is_stored_when_the_newest_copy_holds_the_same(
    data_dir: Path, storage: LocalStorage
) -> None:
    first = store_copy(ledger_in(data_dir), storage, NOW)
    again = store_copy(ledger_in(data_dir), storage, NOW + timedelta(minutes=5))
    assert (first.is_new, again.is_new) == (True, False)
    assert again.version == first.version
    storage.delete(f"replay/{first.version}.duckdb.gz")
    assert store_copy(ledger_in(data_dir), storage, NOW + timedelta(minutes=6)).is_new


def test_a_manifest_says_what_a_copy_holds(data_dir: Path, storage: LocalStorage) -> None:
    report = store_copy(ledger_in(data_dir), storage, NOW)
    manifest: Manifest = read_manifest(storage, "replay", report.version)
    assert report.version == f"20260304T200000000Z-{manifest.journal_seq}"
    assert manifest.last_session == LAST_SESSION
    assert manifest.pnl == sum(row[10] for row in rows_of(ledger_in(data_dir).path, "trades"))
    assert report.sent_bytes == sum(
        len(storage.get(name)) for name in storage.names("") if name.endswith(".gz")
    )


def test_the_mock_exchange_is_left_out_while_another_process_holds_it(
    data_dir: Path, storage: LocalStorage
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, sys; f = open(sys.argv[1], 'r+');"
         " fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()",
         str(data_dir / "replay" / "exchange-mock.duckdb.lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdin and holder.stdout
    try:
        holder.stdout.readline()
        first = store_copy(ledger_in(data_dir), storage, NOW)
    finally:
        holder.stdin.close()
        holder.wait(10)
    manifest = read_manifest(storage, "replay", first.version)
    assert manifest.exchange is None and manifest.has_exchange
    assert "left out" in first.note
    # Once it can be had it is worth another copy.
    second = store_copy(ledger_in(data_dir), storage, NOW + timedelta(minutes=1))
    assert read_manifest(storage, "replay", second.version).exchange is not None


@pytest.mark.parametrize(
    ("minutes", "retention", "wanted"),
    [
        ([], Retention(2, 2), []),
        ([0, 1, 2, 3], Retention(2, 0), [2, 3]),
        ([0, 1, 2, 3], Retention(0, 0), [3]),
        # One of each day, the last, and all of the last two.
        ([0, 5, 1440, 1445, 2880, 2885, 2890], Retention(2, 30), [5, 1445, 2885, 2890]),
        # A day counts for as long as it is wanted, then not.
        ([0, 1440, 2880, 4320], Retention(1, 2), [2880, 4320]),
        ([0, 1440, 2880, 4320], Retention(1, 3), [1440, 2880, 4320]),
    ],
)
def test_the_last_copies_and_one_a_day_are_kept(
    minutes: list[int], retention: Retention, wanted: list[int]
) -> None:
    made = {version_name(NOW + timedelta(minutes=m), 7): m for m in minutes}
    now = NOW + timedelta(minutes=max(minutes, default=0))
    assert [made[v] for v in kept_versions(sorted(made), now, retention)] == wanted


def test_thinning_out_removes_all_of_a_version_and_what_broke_off(storage: LocalStorage) -> None:
    old, young, broken, uploading = (
        version_name(NOW - timedelta(hours=h), 7) for h in (60, 1, 50, 2)
    )
    for version in (old, young, broken, uploading):
        storage.put(f"replay/{version}.duckdb.gz", b"x")
    for version in (old, young):
        storage.put(f"replay/{version}.json", b"{}")
    storage.put("replay/notes.txt", b"not ours")
    storage.put(f"paper/{old}.json", b"another account's")
    thin_out(storage, "replay", NOW, Retention(1, 1))
    assert storage.names("") == sorted(
        [
            f"paper/{old}.json",
            f"replay/{uploading}.duckdb.gz",
            f"replay/{young}.duckdb.gz",
            f"replay/{young}.json",
            "replay/notes.txt",
        ]
    )


def test_a_sync_thins_out_on_every_storage(server: Any, data_dir: Path) -> None:
    storage = server.storage(server.new_container())
    ledger = ledger_in(data_dir)
    made = []
    for number in range(4):
        ledger.add_command("resume", "news", NOW)
        made.append(
            store_copy(ledger, storage, NOW + timedelta(minutes=number), Retention(2, 0)).version
        )
    assert versions(storage, "replay") == made[2:]
    assert {name.split("/")[1].split(".")[0] for name in storage.names("")} == set(made[2:])


# The process that is killed: it syncs to a server through a line that stalls, or up to an edge.
SYNCER = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from blocks.process import failpoints
from blocks.settings.reader import read_settings
from blocks.storage.choose import storage_from
from blocks.ledger.ledger import DuckDBLedger
from blocks.copies.store import store_copy
edge = sys.argv[2]
failpoints.on_reach(lambda name: os.kill(os.getpid(), 9) if name == edge else None)
data_dir = Path(sys.argv[1])
storage = storage_from(read_settings().required().cloud, data_dir)
print(store_copy(DuckDBLedger(data_dir, "replay"), storage, datetime.now(UTC)))
"""


def environment_of(server: Any, container: str, url: str) -> dict[str, str]:
    common = os.environ | {"ENABLE_CLOUD_SYNC": "true", "CLOUD_CONTAINER": container}
    if hasattr(server, "connection_string"):
        return common | {
            "CLOUD_PROVIDER": "azure",
            "AZURE_STORAGE_CONNECTION_STRING": server.connection_string(url),
        }
    return common | {
        "CLOUD_PROVIDER": "aws",
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_ENDPOINT_URL": url,
    }


def start_sync(environment: dict[str, str], data_dir: Path, edge: str = "") -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", SYNCER, str(data_dir), edge],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("edge", ["file read", "before manifest"])
def test_a_process_killed_before_the_manifest_leaves_no_version(
    edge: str, server: Any, data_dir: Path
) -> None:
    container = server.new_container()
    whole = server.storage(container)
    environment = environment_of(server, container, server.url)
    process = start_sync(environment, data_dir, edge)
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, complaint
    assert bool(whole.names("")) == (edge == "before manifest")
    assert versions(whole, "replay") == []
    assert store_copy(ledger_in(data_dir), whole, datetime.now(UTC)).is_new


def test_a_sync_from_the_environment_reaches_every_storage(server: Any, data_dir: Path) -> None:
    container = server.new_container()
    process = start_sync(environment_of(server, container, server.url), data_dir)
    said, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    assert b"journal row" in said
    assert len(versions(server.storage(container), "replay")) == 1


def test_a_process_killed_in_mid_upload_leaves_no_version(
    server_to_cut: Any, data_dir: Path
) -> None:
    """The copy is some 40 kB with its requests; wherever the line stalls, none is finished."""
    containers = {
        sent_bytes: server_to_cut.new_container() for sent_bytes in (6_000, 20_000, 34_000)
    }
    with ExitStack() as stack:
        lines, processes = [], []
        for sent_bytes, container in containers.items():
            line = stack.enter_context(CutLine(server_to_cut.url, up_bytes=sent_bytes, stall=True))
            process = start_sync(environment_of(server_to_cut, container, line.url), data_dir)
            stack.callback(process.communicate, timeout=10)
            stack.callback(process.kill)
            lines.append(line)
            processes.append(process)
        assert all(line.cut.wait(300) for line in lines)
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 3
    for sent_bytes, container in containers.items():
        whole = server_to_cut.storage(container)
        assert newest_manifest(whole, "replay") is None, sent_bytes
        report = store_copy(ledger_in(data_dir), whole, datetime.now(UTC))
        newest = newest_manifest(whole, "replay")
        assert report.is_new and newest is not None and newest.version == report.version
