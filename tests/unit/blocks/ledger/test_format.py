"""A ledger of a newer version, or without a table, is left alone; an older one is gone on with."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from blocks.account.facts import read_facts
from blocks.account.question import ask
from blocks.copies.restore import restore
from blocks.copies.store import store_copy
from blocks.health.checks import Level
from blocks.health.health import check_health
from blocks.ledger.format import FORMAT
from blocks.ledger.lease import LEASE_SCHEMA
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.open_session import find_open_session
from blocks.storage.local import LocalStorage
from flows.__main__ import main
from trading.errors import BadInput, StoreUnavailable

NOW = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
Openers = dict[str, Callable[[Path], object]]


def storage(folder: Path) -> LocalStorage:
    return LocalStorage(folder / "copies")


OPENERS: Openers = {
    "a session": lambda folder: DuckDBLedger(folder, "paper").acquire_lease(),
    "a command": lambda folder: DuckDBLedger(folder, "paper").add_command("halt", "", NOW),
    "a question": lambda folder: ask(folder, "paper", "SELECT 1"),
    "health": lambda folder: read_facts(folder, "paper"),
    "a supervisor": lambda folder: find_open_session(folder / "paper" / "ledger.duckdb"),
    "a copy": lambda folder: store_copy(DuckDBLedger(folder, "paper"), storage(folder), NOW),
    "a restore": lambda folder: restore(storage(folder), folder, "paper", NOW, force=True),
}


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A data folder whose ledger was gone on with by a newer version after a copy was made."""
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.give_back_lease(ledger.acquire_lease())
    store_copy(ledger, storage(tmp_path), NOW)
    ledger.remember("format", str(FORMAT + 1))
    return tmp_path


@pytest.mark.parametrize("opener", OPENERS)
def test_whatever_opens_a_newer_ledger_refuses_it_and_changes_nothing(
    opener: str, newer: Path
) -> None:
    path = newer / "paper" / "ledger.duckdb"
    before = path.read_bytes()
    with pytest.raises(BadInput) as caught:
        OPENERS[opener](newer)
    told = str(caught.value)
    assert "newer version of Openbell" in told
    assert "Update Openbell" in told
    assert str(path) in told
    assert path.read_bytes() == before
    assert not path.with_name("ledger.duckdb.wal").exists()


def test_the_terminal_says_so_in_one_line(newer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["show-status"], ["halt"]):
        assert main([*command, "--data-dir", str(newer)]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_an_older_ledger_gets_the_number_when_it_is_traded_and_not_before(tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.remember("account", "paper")
    assert ledger.meta("format") is None
    assert ledger.acquire_lease() == 1
    assert ledger.meta("format") == str(FORMAT)


@pytest.fixture(params=["journal", "meta", "orders"])
def robbed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data folder whose ledger somebody took a table from after a copy was made."""
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.give_back_lease(ledger.acquire_lease())
    ledger.check_account()
    store_copy(ledger, storage(tmp_path), NOW)
    ledger.add_command("halt", "news", NOW)
    ledger.release()
    with duckdb.connect(str(ledger.path)) as connection:
        connection.execute(f"DROP TABLE {request.param}")
    return tmp_path


def test_no_empty_table_is_made_in_the_place_of_one_that_was_removed(robbed: Path) -> None:
    path = robbed / "paper" / "ledger.duckdb"
    before = path.read_bytes()
    hints = set()
    for name in OPENERS.keys() - {"a restore"}:
        with pytest.raises(StoreUnavailable, match="has lost its table") as caught:
            OPENERS[name](robbed)
        hints.add(caught.value.hint)
    assert path.read_bytes() == before
    report = check_health(robbed, "paper", NOW)
    [ledger] = [each for each in report.components if each.name == "ledger"]
    assert ledger.level == Level.UNHEALTHY
    assert "has lost its table" in ledger.reason
    # What it says to do is enough.
    [hint] = hints | {ledger.hint}
    assert main(shlex.split(hint.partition("openbell ")[2])) == 0
    assert read_facts(robbed, "paper").halt is None


def test_a_ledger_whose_making_was_cut_short_is_made_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "paper" / "ledger.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute(LEASE_SCHEMA)
    assert DuckDBLedger(tmp_path, "paper").acquire_lease() == 1
