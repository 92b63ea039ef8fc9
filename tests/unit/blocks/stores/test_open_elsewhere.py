"""A store that somebody looks at with another program is waited for, and never called broken."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from blocks.exchange.mock_exchange import SCHEMA as EXCHANGE_SCHEMA
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.schema import SCHEMA
from blocks.stores.duckdb_file import DuckDBFile
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS, lock_path
from blocks.telemetry.file import WAIT_SECONDS, telemetry_file
from tests.unit.blocks.stores.viewer import closed, opened_elsewhere
from trading.errors import StoreUnavailable
from trading.session.broker.exchange_port import StreamPosition

STORES = {"ledger.duckdb": SCHEMA, "exchange-mock.duckdb": EXCHANGE_SCHEMA}


@pytest.fixture
def napped(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let naps between two tries take no time, but the clock go on as if each took 0.4 s."""
    naps: list[float] = []

    def now() -> float:
        return sum(naps)

    patched = SimpleNamespace(monotonic=now, sleep=lambda seconds: naps.append(0.4))
    for module in ("connection", "duckdb_file", "reading"):
        monkeypatch.setattr(f"blocks.stores.{module}.time", patched)
    return naps


def when_napping(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    def sleep(seconds: float) -> None:
        monkeypatch.undo()
        act()

    patched = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
    monkeypatch.setattr("blocks.stores.connection.time", patched)


@pytest.mark.parametrize("name", STORES)
def test_a_store_that_is_looked_at_is_waited_for_and_gone_on_with(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    file = DuckDBFile(path, STORES[name])
    with file.transaction() as connection:
        connection.execute("CREATE TABLE kept (number BIGINT)")
    with opened_elsewhere(path) as viewer:
        when_napping(monkeypatch, lambda: closed(viewer))
        with file.transaction() as connection:
            connection.execute("INSERT INTO kept VALUES (7)")
        assert viewer.returncode == 0
    with file.reading() as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == [(7,)]


def test_others_of_ours_queue_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own lock is kept, so that a writer that came later does not get in between."""
    file = DuckDBFile(tmp_path / "ledger.duckdb", SCHEMA)
    with file.transaction():
        pass
    refused: list[type[Exception]] = []
    with opened_elsewhere(file.path) as viewer, open(lock_path(file.path), "rb") as other:

        def try_to_lock() -> None:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                refused.append(type(error))
            closed(viewer)

        when_napping(monkeypatch, try_to_lock)
        with file.transaction():
            pass
    assert refused == [BlockingIOError]


@pytest.mark.parametrize(("how", "name"), [("reads", "ledger.duckdb"), ("writes", "ledger.duckdb"),
                                           ("reads", "exchange-mock.duckdb")])  # fmt: skip
def test_who_has_it_open_too_long_is_named_and_nothing_is_called_damaged(
    how: str, name: str, tmp_path: Path, napped: list[float]
) -> None:
    path = tmp_path / name
    with DuckDBFile(path, STORES[name]).transaction():
        pass
    before = path.read_bytes()
    with (
        opened_elsewhere(path, how) as viewer,
        pytest.raises(StoreUnavailable) as caught,
        DuckDBFile(path, STORES[name]).transaction(),
    ):
        pass
    told = str(caught.value)
    assert f"{path} is open elsewhere" in told
    assert f"(PID {viewer.pid})" in told
    assert "damaged" not in told
    assert "restore" not in told
    assert ("show-status --sql" in told) == (name == "ledger.duckdb")
    assert sum(napped) == pytest.approx(LOCK_DEADLINE_SECONDS, abs=0.5)
    assert path.read_bytes() == before


def test_telemetry_holds_nobody_up_for_long(tmp_path: Path, napped: list[float]) -> None:
    file = telemetry_file(tmp_path, "paper")
    with file.transaction():
        pass
    with (
        opened_elsewhere(file.path),
        pytest.raises(StoreUnavailable, match="open elsewhere"),
        file.transaction(),
    ):
        pass
    assert sum(napped) == pytest.approx(WAIT_SECONDS, abs=0.5)


def test_a_session_between_two_commits_waits_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper", hold_seconds=3600.0)
    epoch = ledger.acquire_lease()
    ledger.commit([], epoch=epoch, cursor=StreamPosition("a", "1"))
    ledger.release()
    with opened_elsewhere(ledger.path) as viewer:
        when_napping(monkeypatch, lambda: closed(viewer))
        ledger.commit([], epoch=epoch, cursor=StreamPosition("a", "2"))
    assert ledger.cursor() == StreamPosition("a", "2")


@pytest.mark.parametrize("content", [b"no database" * 2_000, b"no database"])
def test_real_damage_keeps_its_words(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "paper" / "ledger.duckdb"
    path.parent.mkdir()
    path.write_bytes(content)
    ledger = DuckDBLedger(tmp_path, "paper")
    for attempt in (lambda: ledger.query("SELECT 1"), lambda: ledger.remember("a", "b")):
        with pytest.raises(StoreUnavailable, match="openbell restore"):
            attempt()
    assert path.read_bytes() == content
