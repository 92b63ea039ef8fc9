"""An account that goes on after its copy was made does not make that a bad one."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.copies.drill import Drill, drill
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from blocks.storage.local import LocalStorage
from flows.__main__ import main
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.sync import sync_account
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.messages.message import Kind, system_message
from trading.session.state import SessionState

ACCOUNT, MONDAY, TUESDAY = "replay", "2025-06-09", "2025-06-10"
NOW = datetime(2025, 6, 14, 12, tzinfo=UTC)
# Entered at once, and held over the night with a stop that rests at the exchange.
HOLDING = {
    "range_minutes": 30, "min_body": -1.0, "stop": "atr", "stop_atr": 50.0, "target": "none",
    "risk_per_trade": 1.0,
}  # fmt: skip


def trade(folder: Path, day: str, stop_after: int = 1_000, on_shutdown: str = "hold") -> int:
    should_stop = StopRequest()

    def count(session: object, bar: int, bars: int) -> None:
        should_stop.requested = bar >= stop_after

    asked = SessionRequest(
        PlainParts(folder),
        replay=day,
        symbols=("AAA", "BBB"),
        interval_minutes=30,
        settings=HOLDING,
        on_shutdown=on_shutdown,
    )
    return asyncio.run(run_account(asked, should_stop=should_stop, progress=count))


def copied(folder: Path) -> LocalStorage:
    storage = LocalStorage(folder / "copies")
    sync_account(folder, ACCOUNT, storage)
    return storage


def drilled(folder: Path, storage: LocalStorage) -> Drill:
    return drill(storage, folder, ACCOUNT, NOW)


def resting(folder: Path) -> int:
    ledger = DuckDBLedger(folder, ACCOUNT)
    sql = "SELECT count(*) AS n FROM orders WHERE session = ? AND status = 'working'"
    return int(ledger.query(sql, [MONDAY])[0]["n"])


@pytest.fixture
def nothing_is_left_on_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Monday end with its positions, as when its last bars are missing."""
    begin = SessionState.__init__

    def without_flatten(state: SessionState, plan: RunPlan, session: Session) -> None:
        begin(state, plan, session)
        if str(session.date) == MONDAY:
            state.flatten_bar = -1

    monkeypatch.setattr(SessionState, "__init__", without_flatten)


def test_an_order_that_rested_overnight_and_ended_later_is_no_difference(
    tmp_path: Path, nothing_is_left_on_monday: None
) -> None:
    with pytest.raises(BadInput, match="was closed while it held"):
        trade(tmp_path, MONDAY)
    assert resting(tmp_path) > 0
    storage = copied(tmp_path)
    # All positions are left in Tuesday's session, and their stops are cancelled.
    trade(tmp_path, TUESDAY, stop_after=2, on_shutdown="flatten")
    assert resting(tmp_path) == 0
    found = drilled(tmp_path, storage)
    assert found.is_good, str(found)
    # A copy of the middle of a session that changed what the one before left.
    found = drilled(tmp_path, copied(tmp_path))
    assert found.is_good, str(found)


@pytest.fixture(scope="module")
def monday_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with Monday traded and copied; not to be written to."""
    folder = tmp_path_factory.mktemp("monday")
    assert trade(folder, MONDAY) == 1
    copied(folder)
    return folder


@pytest.fixture
def monday(monday_once: Path, tmp_path: Path) -> LocalStorage:
    """Return the copies of a data folder of a test's own, with Monday traded and copied."""
    shutil.copytree(monday_once, tmp_path, dirs_exist_ok=True)
    return LocalStorage(tmp_path / "copies")


def test_what_is_written_after_the_copy_for_a_session_that_is_over_is_no_difference(
    monday: LocalStorage, tmp_path: Path
) -> None:
    assert main(["transfer", "--data-dir", str(tmp_path), "--amount", "100"]) == 0
    ledger = DuckDBLedger(tmp_path, ACCOUNT)
    late = system_message(Kind.SYSTEM_WARNING, "late", MONDAY, ACCOUNT, NOW, {"component": "x"})
    ledger.add_messages(MONDAY, [late])
    ledger.release()
    found = drilled(tmp_path, monday)
    assert found.is_good, str(found)


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("DELETE FROM journal WHERE seq = 3", "journal"),
        ("DELETE FROM outbox WHERE number = 1", "outbox"),
        ("UPDATE orders SET filled = filled + 1 WHERE status = 'filled'", "orders"),
    ],
)
def test_what_the_copy_has_and_the_ledger_lost_is_a_difference(
    sql: str, table: str, monday: LocalStorage, tmp_path: Path
) -> None:
    ledger = DuckDBLedger(tmp_path, ACCOUNT)
    with ledger.changing() as connection:
        connection.execute(sql)
    found = drilled(tmp_path, monday)
    assert f"of {table} differ from the ledger that is here" in str(found)
