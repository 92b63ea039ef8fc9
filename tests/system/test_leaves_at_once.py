"""A session's run that must not trade leaves at once, with a name and a reason for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from tests.system.conftest import PrefectStack
from tests.system.patience import wait_for
from trading.market.calendar import next_session, to_microseconds
from trading.session.events import SessionStarted

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]
AROUND_THE_WORLD = ("NYSE", "LSE", "ASX", "XETR")


@pytest.fixture(scope="module")
def api(registered: PrefectStack) -> PrefectApi:
    return registered.connect()


def run(api: PrefectApi, due: datetime, given: dict[str, Any]) -> FlowRun:
    """Run a session that was due at a time, and return how it ended."""
    paper = api._call("GET", "deployments/name/trade-session/paper")
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": due.isoformat()}}
    body = {"parameters": {"market": "simulated", **given}, "state": state}
    begun = api._call("POST", f"deployments/{paper['id']}/create_flow_run", body)
    return wait_for(lambda: (now := api.read_run(begun["id"])).is_final and now)


def closed_exchange(now: datetime) -> str:
    return next(
        name
        for name in AROUND_THE_WORLD
        if next_session(name, now).open > now + timedelta(minutes=40)
    )


def test_a_closed_day_is_skipped_with_the_next_open(api: PrefectApi, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    exchange = closed_exchange(now)
    ended = run(api, now, {"exchange": exchange, "data_dir": str(tmp_path)})
    assert (ended.state_type, ended.state_name) == ("COMPLETED", "Completed")
    opens = next_session(exchange, now)
    assert ended.message.startswith(f"Skipped: closed: {exchange} opens next on {opens.date}")
    assert not (tmp_path / "simulated").exists()


def test_a_run_whose_session_is_over_is_skipped_as_stale(api: PrefectApi, tmp_path: Path) -> None:
    due = datetime.now(UTC) - timedelta(days=5)
    ended = run(api, due, {"exchange": "NYSE", "data_dir": str(tmp_path)})
    assert (ended.state_type, ended.state_name) == ("COMPLETED", "Completed")
    assert ended.message.startswith(f"Skipped: stale: this run was due at {due:%Y-%m-%d %H:%M} UTC")
    assert not (tmp_path / "simulated").exists()


def test_a_run_whose_session_is_traded_by_another_leaves_it_to_that_one(
    api: PrefectApi, tmp_path: Path
) -> None:
    ledger = DuckDBLedger(tmp_path, "simulated")
    now = datetime.now(UTC)
    epoch = ledger.acquire_lease()
    session = next_session("24/7", now)
    day = session.date.isoformat()
    begun = SessionStarted(day, to_microseconds(session.open), to_microseconds(session.close), {})
    ledger.commit([begun], epoch=epoch, session=day)
    ledger.release()
    ended = run(api, now, {"exchange": "24/7", "data_dir": str(tmp_path)})
    assert (ended.state_type, ended.state_name) == ("COMPLETED", "Completed")
    assert ended.message.startswith("Skipped: account is traded by ")
    with ledger.changing() as connection:
        row = connection.execute("SELECT epoch FROM lease").fetchone()
    assert row == (epoch,)


def test_a_replay_without_a_day_does_not_trade_now(api: PrefectApi, tmp_path: Path) -> None:
    begun = api.start_run("trade-session/replay", {"replay": None, "data_dir": str(tmp_path)})
    ended = wait_for(lambda: (now := api.read_run(begun.id)).is_final and now)
    assert ended.state_type == "FAILED"
    assert ended.message.startswith("Bad input: a replay needs a date")
    assert not (tmp_path / "simulated").exists()
