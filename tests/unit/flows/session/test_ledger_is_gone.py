"""A ledger that is gone comes back from its copies, and is never silently begun anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.account.names import SIMULATED
from blocks.account_files import EXCHANGE_FILE, LEDGER_FILE, LOCAL_COPIES
from blocks.copies.manifest import newest_manifest
from blocks.copies.store import store_copy
from blocks.ledger.damage import NotWhole
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.open_session import find_open_session
from blocks.storage.local import LocalStorage
from deployments.errands import bring_back as bring_back_errand
from deployments.errands.bring_back import EXIT_NOT_BROUGHT_BACK
from flows.session import run_session as run_session_module
from flows.session.account.copies import bring_back
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from tasks.session.poll import poll
from tasks.session.runtime import SessionRuntime
from tasks.sync import sync_account
from tests.full_disk import full_disk
from tests.terminal import flows
from tests.unit.flows.session.test_days_apart import TRADES, Day
from trading.errors import BadInput
from trading.session.ports import Storage

REQUEST = SessionRequest(PlainParts(Path()), symbols=("AAA", "BBB", "CCC"))
ACCOUNT = REQUEST.account
NOW = datetime(2025, 6, 10, 22, 0, tzinfo=UTC)


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    return Day(tmp_path / "data", monkeypatch)


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that was stopped after its fifth bar, with a copy; not to be written to."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("stopped")
        assert Day(folder, patch).trade("2025-06-10 13:29", stop_after=4) == 0
    return folder


@pytest.fixture
def stopped(traded: Path, tmp_path: Path) -> Path:
    """The same in a data folder of a test's own."""
    return Path(shutil.copytree(traded, tmp_path / "data"))


def begin(data_dir: Path, storage: Storage | None = None) -> list[str]:
    """Do what a session does before it opens its ledger; return what people are told."""
    request = SessionRequest(PlainParts(data_dir), symbols=REQUEST.symbols)
    notifier = Silent()
    bring_back(request, storage or request.parts.storage(), notifier)
    return notifier.texts


class Silent:
    """A notifier that keeps what it was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def send(self, kind: str, text: str, **fields: object) -> None:
        self.texts.append(f"{kind}: {text}")


def between_bars(
    monkeypatch: pytest.MonkeyPatch, bar: int, action: Callable[[SessionRuntime], None]
) -> None:
    """Do something once, as another process would, while a session waits after a bar."""
    done: list[int] = []

    def look(runtime: SessionRuntime) -> None:
        if runtime.state.last_bar == bar and not done:
            done.append(bar)
            action(runtime)
        poll(runtime)

    monkeypatch.setattr(run_session_module, "poll", look)


def test_the_folder_that_is_deleted_in_mid_session_is_restored_reconciled_and_traded_on(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = Day(tmp_path / "undisturbed", monkeypatch)
    assert undisturbed.trade("2025-06-10 13:29") == 1
    copies = LocalStorage(day.folder / "copies")
    # The hourly copy, made beside the session, with positions in it.
    between_bars(monkeypatch, 4, lambda _: sync_account(day.folder, ACCOUNT, copies) and None)
    assert day.trade("2025-06-10 13:29", stop_after=5) == 0
    for version in sorted((day.folder / "copies" / ACCOUNT).glob("*.json"))[1:]:
        # What the stopped session kept itself: a session that is killed keeps nothing.
        version.unlink()
    manifest = newest_manifest(copies, ACCOUNT)
    assert manifest is not None and manifest.exchange is not None
    shutil.rmtree(day.folder / ACCOUNT)

    assert day.trade("2025-06-10 16:29:50") == 1
    assert day.rows(TRADES) == undisturbed.rows(TRADES)
    assert day.rows("SELECT value FROM meta WHERE name = 'differences'") in ([], [{"value": "{}"}])
    bars = day.rows("SELECT count(*) AS n FROM journal WHERE kind = 'bar'")
    assert bars == [{"n": 26}]
    told = day.rows("SELECT payload FROM outbox WHERE kind = 'SYSTEM_WARNING'")
    assert any("restored from copy" in row["payload"] for row in told)


def test_a_session_whose_folder_is_deleted_under_it_ends_and_begins_nothing(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_bars(monkeypatch, 4, lambda _: shutil.rmtree(day.folder / ACCOUNT))
    with pytest.raises(BadInput, match="was removed while it was in use"):
        day.trade("2025-06-10 13:29")
    assert not (day.folder / ACCOUNT / LEDGER_FILE).exists()


@pytest.mark.parametrize("left", ["exchange", "record of copies", "put aside", "cut short"])
def test_an_account_whose_ledger_is_gone_is_not_begun_anew_without_a_word(
    left: str, stopped: Path
) -> None:
    """Its capital, positions and history would be forgotten, with exit code 0."""
    shutil.rmtree(stopped / "copies")
    folder = stopped / ACCOUNT
    ledger = folder / LEDGER_FILE
    kept = {"exchange": EXCHANGE_FILE, "put aside": LEDGER_FILE}.get(left, "copies.json")
    for path in folder.iterdir():
        if path.name != kept:
            path.unlink()
    if left == "put aside":
        ledger.rename(folder / f"{LEDGER_FILE}.before-20250610T150000000000")
    if left == "cut short":
        ledger.write_bytes(b"")
    with pytest.raises(BadInput) as refused:
        begin(stopped)
    assert str(folder) in str(refused.value)
    assert f"restore --data-dir {stopped} --account {ACCOUNT}" in refused.value.hint
    # The way out that the line names for who wants to begin anew.
    folder.rename(stopped / "away")
    assert begin(stopped) == []


def test_an_account_does_not_begin_anew_beside_copies_of_which_none_can_be_read(
    stopped: Path, tmp_path: Path
) -> None:
    shutil.rmtree(stopped / ACCOUNT)
    copies = stopped / "copies"
    elsewhere = LocalStorage(Path(shutil.copytree(copies, tmp_path / "bucket")))
    for manifest in (copies / ACCOUNT).glob("*.json"):
        manifest.write_bytes(manifest.read_bytes()[:40])
    with pytest.raises(BadInput, match="no manifest of its copies"):
        begin(stopped)
    assert not (stopped / ACCOUNT / LEDGER_FILE).exists()
    # The way out that the line names, and what is whole elsewhere.
    assert [text for text in begin(stopped, elsewhere) if "was restored from copy" in text]
    shutil.rmtree(stopped / ACCOUNT)
    (copies / ACCOUNT).rename(tmp_path / "away")
    assert begin(stopped) == []


@pytest.mark.parametrize("is_in_cloud", [False, True])
def test_an_account_does_not_begin_anew_where_all_its_copies_had_lost_rows(
    stopped: Path, tmp_path: Path, is_in_cloud: bool
) -> None:
    cloud = tmp_path / "cloud"
    storage = LocalStorage(cloud) if is_in_cloud else None
    ledger = DuckDBLedger(stopped, ACCOUNT)
    with ledger.changing() as connection:
        connection.execute("DELETE FROM journal WHERE seq = 4")
    shutil.rmtree(stopped / LOCAL_COPIES)
    with pytest.raises(NotWhole):
        store_copy(ledger, storage or LocalStorage(stopped / LOCAL_COPIES), NOW)
    shutil.rmtree(stopped / ACCOUNT)
    with pytest.raises(BadInput, match=r"had lost rows.* --version [-0-9TZ]+[.]incomplete"):
        begin(stopped, storage)
    assert not (stopped / ACCOUNT / LEDGER_FILE).exists()


def test_a_first_session_that_died_before_its_ledger_was_begun_is_no_trace_of_one(
    tmp_path: Path,
) -> None:
    (tmp_path / ACCOUNT).mkdir()
    for name in ("session.lock", f"{LEDGER_FILE}.lock", LEDGER_FILE):
        (tmp_path / ACCOUNT / name).write_bytes(b"")
    assert begin(tmp_path) == []


def test_up_brings_an_account_back_whose_folder_is_lost_without_waiting_for_its_next_session(
    stopped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENBELL_ENV_FILE", os.devnull)
    monkeypatch.setenv("PRIMARY_PROVIDER", "simulated" if ACCOUNT == SIMULATED else "live")
    asked = ["--data-dir", str(stopped)]
    assert bring_back_errand.main(asked) == 0
    assert capsys.readouterr().out == ""
    shutil.rmtree(stopped / ACCOUNT)
    assert bring_back_errand.main(asked) == 0
    assert f"Account {ACCOUNT}: the account was restored from copy" in capsys.readouterr().out
    # So that whoever looks after open sessions finds it.
    assert find_open_session(stopped / ACCOUNT / LEDGER_FILE) is not None
    shutil.rmtree(stopped / ACCOUNT)
    for part in (stopped / "copies" / ACCOUNT).glob("*.gz"):
        part.write_bytes(b"noise")
    assert bring_back_errand.main(asked) == EXIT_NOT_BROUGHT_BACK
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_copies_of_this_machine_are_used_where_the_cloud_has_none_yet(
    stopped: Path, tmp_path: Path
) -> None:
    shutil.rmtree(stopped / ACCOUNT)
    told = begin(stopped, LocalStorage(tmp_path / "new bucket"))
    assert [text for text in told if "was restored from copy" in text]
    assert (stopped / ACCOUNT / LEDGER_FILE).exists()


@pytest.mark.parametrize("disguise", ["folder", "folder and manifests"])
def test_a_copy_of_another_account_is_refused_in_one_line_and_changes_nothing(
    disguise: str, stopped: Path
) -> None:
    """Somebody renames the folder of an account's copies: its money is not another account's."""
    shutil.rmtree(stopped / ACCOUNT)
    copies = stopped / "copies"
    (copies / ACCOUNT).rename(copies / "other")
    if disguise == "folder and manifests":
        for manifest in (copies / "other").glob("*.json"):
            text = manifest.read_text()
            manifest.write_text(text.replace(f'"{ACCOUNT}', '"other'))
    done = flows("restore", "--data-dir", stopped, "--account", "other")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert ACCOUNT in done.stderr and "other" in done.stderr
    assert not (stopped / "other" / LEDGER_FILE).exists()
    assert not list(stopped.rglob(".copy-*"))


def test_a_local_copy_never_takes_the_place_of_a_ledger(stopped: Path) -> None:
    ledger = DuckDBLedger(stopped, ACCOUNT)
    ledger.add_command("halt", "news", datetime(2025, 6, 10, 15, 40, tzinfo=UTC))
    ledger.release()
    before = (stopped / ACCOUNT / LEDGER_FILE).read_bytes()
    assert begin(stopped) == []
    assert (stopped / ACCOUNT / LEDGER_FILE).read_bytes() == before


@pytest.mark.parametrize("room_bytes", [1_000, 300_000, 900_000])
def test_a_restore_that_finds_the_disk_full_replaces_nothing_and_leaves_nothing(
    room_bytes: int, stopped: Path
) -> None:
    """Wherever the room ends: ledger and exchange are of one moment, or none is touched."""
    DuckDBLedger(stopped, ACCOUNT).add_command("halt", "", datetime(2025, 6, 10, tzinfo=UTC))
    before = {path: path.read_bytes() for path in stopped.rglob("*.duckdb")}
    names = set(stopped.rglob("*"))
    with full_disk(room_bytes):
        done = flows("restore", "--data-dir", stopped, "--account", ACCOUNT, "--force")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert {path: path.read_bytes() for path in before} == before
    assert {path for path in set(stopped.rglob("*")) - names if path.suffix != ".lock"} == set()


def test_a_copy_that_finds_the_disk_full_leaves_no_part_of_itself(stopped: Path) -> None:
    DuckDBLedger(stopped, ACCOUNT).add_command("halt", "", datetime(2025, 6, 10, tzinfo=UTC))
    copies = set((stopped / "copies").rglob("*"))
    with full_disk(20_000):
        done = flows("sync", "--data-dir", stopped, "--account", ACCOUNT)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert set((stopped / "copies").rglob("*")) == copies
    assert not list(stopped.rglob(".copy-*"))
