"""The lease: whoever lives holds it, and nobody else sends orders for the account."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from blocks.ledger import lease
from blocks.ledger.ledger import DuckDBLedger
from tests.repository import REPOSITORY
from trading.errors import LeaseLost, StoreUnavailable

HOLDER = """
import sys
from pathlib import Path
from blocks.ledger.ledger import DuckDBLedger
ledger = DuckDBLedger(Path(sys.argv[1]), "paper")
epoch = ledger.acquire_lease()
ledger.release()
print(epoch, flush=True)
sys.stdin.read()
"""


@contextmanager
def another_trader(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "1\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str]) -> None:
    """Stop a process and wait until the kernel says that it is."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


def test_a_second_trader_is_told_who_holds_the_account(tmp_path: Path) -> None:
    with another_trader(tmp_path) as process:
        assert lease.is_held(tmp_path / "paper")
        with pytest.raises(LeaseLost) as lost:
            DuckDBLedger(tmp_path, "paper").acquire_lease()
        told = str(lost.value)
        assert told.startswith("account is traded by ")
        assert f"PID {process.pid}" in told
        assert str(tmp_path / "paper") in told


def test_a_stopped_trader_is_never_robbed_and_a_killed_one_is_replaced_at_once(
    tmp_path: Path,
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    with another_trader(tmp_path) as process:
        stop(process)
        # A clock that was set forward an hour would not change that: none is asked.
        assert lease.is_held(tmp_path / "paper")
        with pytest.raises(LeaseLost):
            ledger.acquire_lease()
        process.kill()
        process.wait()
        assert not lease.is_held(tmp_path / "paper")
        assert ledger.acquire_lease() == 2


def test_each_taking_has_an_epoch_of_its_own_and_an_older_one_commits_nothing(
    tmp_path: Path,
) -> None:
    first, second = (DuckDBLedger(tmp_path, "paper") for _ in range(2))
    epoch = first.acquire_lease()
    first.give_back_lease(epoch)
    assert not lease.is_held(tmp_path / "paper")
    assert second.acquire_lease() > epoch
    with pytest.raises(LeaseLost, match="taken over"):
        first.commit([], epoch=epoch)


def test_the_same_ledger_keeps_its_lock_while_it_takes_another_epoch(tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    first = ledger.acquire_lease()
    assert ledger.acquire_lease() == first + 1
    assert lease.is_held(tmp_path / "paper")


def test_a_trader_whose_folder_was_copied_is_found_alive_from_the_copy(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    with another_trader(original) as process:
        (copy / "paper").mkdir(parents=True)
        ledger = copy / "paper" / "ledger.duckdb"
        ledger.write_bytes((original / "paper" / "ledger.duckdb").read_bytes())
        assert not lease.is_held(copy / "paper")
        with pytest.raises(LeaseLost, match=f"PID {process.pid}"):
            DuckDBLedger(copy, "paper").acquire_lease()
        # The lock of the copy was not kept for nothing.
        assert not lease.is_held(copy / "paper")


def test_who_only_asks_does_not_take_the_account_from_a_trader(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    with lease.lock(folder):
        pass
    asked = (folder / lease.LOCK_FILE).open("rb")
    fcntl.flock(asked, fcntl.LOCK_SH | fcntl.LOCK_NB)
    waited: list[float] = []

    def let_go(seconds: float) -> None:
        waited.append(seconds)
        asked.close()

    with pytest.MonkeyPatch.context() as patch:
        # The lease's alone: whatever else of this process waits meanwhile is not counted.
        waits = SimpleNamespace(monotonic=time.monotonic, sleep=let_go)
        patch.setattr(lease, "time", waits)
        with lease.lock(folder):
            assert lease.is_held(folder)
    assert len(waited) == 1


def test_asking_makes_no_file_and_needs_none_to_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    assert not lease.is_held(folder)
    assert not folder.exists()
    with lease.lock(folder):
        (folder / lease.LOCK_FILE).chmod(0o444)
        folder.chmod(0o555)
        try:
            assert lease.is_held(folder)
        finally:
            folder.chmod(0o755)


def test_a_ledger_with_a_lease_of_the_first_version_is_traded_on(tmp_path: Path) -> None:
    path = tmp_path / "paper" / "ledger.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE lease (epoch BIGINT, holder VARCHAR, expires TIMESTAMPTZ)")
        connection.execute("INSERT INTO lease VALUES (4, 'host/boot/1/2', now() + INTERVAL 1 HOUR)")
    ledger = DuckDBLedger(tmp_path, "paper")
    assert ledger.acquire_lease() == 5
    ledger.commit([], epoch=5)


@pytest.mark.parametrize("row", ["(4, 'somebody')", "(4, 'h/b/not a number/1')", "(NULL, NULL)"])
def test_a_spoiled_row_of_the_lease_names_nobody(row: str, tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    with ledger.changing() as connection:
        connection.execute(f"INSERT INTO lease VALUES {row}")
    epoch = ledger.acquire_lease()
    assert epoch == (1 if "NULL" in row else 5)
    ledger.commit([], epoch=epoch)


def test_who_shares_the_lock_for_ever_is_told_of_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "paper"
    with lease.lock(folder):
        pass
    monkeypatch.setattr(lease, "LOCK_DEADLINE_SECONDS", 0.0)
    with (folder / lease.LOCK_FILE).open("rb") as asked:
        fcntl.flock(asked, fcntl.LOCK_SH | fcntl.LOCK_NB)
        with pytest.raises(StoreUnavailable, match="was shared by another program"):
            lease.lock(folder)
    with lease.lock(folder):
        pass


def test_a_dead_trader_is_replaced_where_the_system_tells_nothing_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS: who died there was taken for alive, and kept the account for ever."""
    monkeypatch.setattr(lease, "_started", lambda process: "gone")
    ledger = DuckDBLedger(tmp_path, "paper")
    with ledger.changing() as connection:
        holder = lease.Holder(socket.gethostname(), lease.this_holder().boot, 1, "gone")
        connection.execute("INSERT INTO lease VALUES (4, ?)", [str(holder)])
    assert ledger.acquire_lease() == 5
