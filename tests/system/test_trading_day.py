"""A trading day through the real server, worker and deployment."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import pytest

from deployments.server.flow_run import FlowRun
from tests.shared_data import REAL_BARS, SYMBOLS, needs_real_bars
from tests.system.conftest import PrefectStack
from tests.system.patience import patient, wait_for
from tests.unit.replay.runs import Case, backtested, first_difference, ledger_rows, replayed

pytestmark = [pytest.mark.system, pytest.mark.timeout(2400), needs_real_bars]
DAY = date(2025, 6, 10)
# Bars of an hour keep a session short: nothing here is a matter of how many they are.
MINUTES, BARS_A_SESSION = 60, 7
SESSIONS_AT_MOST = 5
SETTINGS = {"range_minutes": 60}
CASE = Case("day", DAY, DAY, REAL_BARS, SYMBOLS, SETTINGS, interval_minutes=MINUTES)
STEPS = ("fetch", "aggregate", "signal", "execute", "persist", "notify")


def parameters(data_dir: Path) -> dict[str, Any]:
    return {
        "replay": str(DAY),
        "bars": str(REAL_BARS),
        "symbols": list(SYMBOLS),
        "interval_minutes": MINUTES,
        "strategy": SETTINGS,
        "data_dir": str(data_dir),
    }


def filtered(stack: PrefectStack, kind: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = patient(stack.server).post(
            f"/{kind}/filter",
            json={**body, "offset": len(rows), "limit": 200},
            timeout=20,
        )
        found = page.raise_for_status().json()
        rows += found
        if len(found) < 200:
            return rows


def finish(stack: PrefectStack, run_id: str, limit_seconds: float = 800) -> Any:
    api = stack.connect()
    run = wait_for(lambda: (now := api.read_run(run_id)).is_final and now, limit_seconds)
    log = "\n".join(api.read_log(run_id))
    api.close()
    assert run.state_type == "COMPLETED", log
    return run


def bars_without_prefect(log: list[str]) -> set[int]:
    """Return the bars of which the log says that Prefect does not have them, or not whole."""
    said = re.compile(r"bar (\d+) runs without it|let go of bar (\d+)")
    return {int(found[1] or found[2]) for line in log for found in said.finditer(line)}


def session_that_prefect_has(stack: PrefectStack, folder: Path) -> tuple[FlowRun, Path, set[int]]:
    """Return a run of a session with most of its bars, its folder, and the bars that it lacks.

    A server that is too busy costs a bar its run in Prefect, and a replay does not wait for it: on
    a machine that is that busy there is another.
    """
    for number in range(SESSIONS_AT_MOST):
        data_dir = folder / str(number)
        api = stack.connect()
        run = api.start_run("trade-session/paper", parameters(data_dir))
        finish(stack, run.id)
        without = bars_without_prefect(api.read_log(run.id, lines=200))
        api.close()
        if len(without) < BARS_A_SESSION / 2:
            return run, data_dir, without
    raise AssertionError(f"Prefect's server had no time for {SESSIONS_AT_MOST} sessions")


def test_a_session_through_the_deployment_trades_as_the_backtest(
    registered: PrefectStack, tmp_path: Path
) -> None:
    run, folder, without = session_that_prefect_has(registered, tmp_path)

    trades, _ = ledger_rows(folder, "replay")
    expected, _ = backtested(CASE)
    assert first_difference(trades, expected) is None
    assert trades

    parent = {"flow_runs": {"parent_flow_run_id": {"any_": [run.id]}}}
    bars = filtered(registered, "flow_runs", parent)
    opens = datetime.combine(DAY, time_of_day(9, 30))
    names = {
        f"{opens + timedelta(minutes=MINUTES * number):%Y-%m-%d %H:%M}": number
        for number in range(BARS_A_SESSION)
    }
    told = {name for name, number in names.items() if number not in without}
    completed = [bar for bar in bars if bar["state"]["type"] == "COMPLETED"]
    assert told <= {bar["name"] for bar in completed} <= set(names)
    ids = [bar["id"] for bar in completed if bar["name"] in told]
    tasks = filtered(registered, "task_runs", {"task_runs": {"flow_run_id": {"any_": ids}}})
    counted = Counter(task["name"].rsplit("-", 1)[0] for task in tasks)
    assert counted == dict.fromkeys(STEPS, len(told))

    shown = (
        patient(registered.server)
        .post(
            "/artifacts/filter",
            json={"artifacts": {"flow_run_id": {"any_": [run.id]}}},
            timeout=20,
        )
        .json()
    )
    summary = next(a for a in shown if a["key"] == "replay-daily-summary")
    assert "data:image/png;base64," in summary["data"]


@pytest.mark.soak
def test_a_session_killed_in_the_middle_and_started_again_ends_as_if_undisturbed(
    registered: PrefectStack, tmp_path: Path
) -> None:
    """Sessions of Prefect's that are killed and go on are in tests/system/faults, and kills at
    every edge that change nothing in tests/process/replay/test_kill_safety.py.
    """
    api = registered.connect()
    run = api.start_run("trade-session/paper", parameters(tmp_path / "killed"))

    def bar_is_recorded() -> bool:
        body = {"flow_runs": {"parent_flow_run_id": {"any_": [run.id]}}}
        done = patient(registered.server).post("/flow_runs/count", json=body).json()
        return int(done) >= 4

    wait_for(bar_is_recorded, 200)
    os.kill(process_of(run.id), signal.SIGKILL)
    wait_for(lambda: api.read_run(run.id).state_type == "CRASHED")
    before, _ = ledger_rows(tmp_path / "killed", "replay")
    again = api.start_run("trade-session/paper", parameters(tmp_path / "killed"))
    finish(registered, again.id)

    trades, equity = ledger_rows(tmp_path / "killed", "replay")
    undisturbed = replayed(CASE, tmp_path / "undisturbed")
    assert len(before) < len(trades)
    assert (trades, equity) == undisturbed
    assert journal(tmp_path / "killed") == journal(tmp_path / "undisturbed")


def journal(folder: Path) -> list[tuple[Any, ...]]:
    from blocks.ledger.ledger import DuckDBLedger

    rows = DuckDBLedger(folder, "replay").journal_of(str(DAY))
    return [(row.number, type(row.event).__name__, without_epoch(row.event)) for row in rows]


def without_epoch(event: Any) -> str:
    return (
        repr(event) if not hasattr(event, "epoch") else repr((event.action, event.client_order_id))
    )


def process_of(run_id: str) -> int:
    """Return the process that runs a flow run, as its environment says."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if f"PREFECT__FLOW_RUN_ID={run_id}".encode() in environment and b"engine" in command:
            return int(folder.name)
    raise AssertionError(f"no process runs {run_id}")


def test_the_backtest_deployment_shows_its_picture_and_its_trades(
    registered: PrefectStack, tmp_path: Path
) -> None:
    api = registered.connect()
    given = {
        "bars": str(REAL_BARS),
        "symbols": list(SYMBOLS),
        "start": "2025-06-04",
        "end": "2025-06-30",
        "strategy": {"strategy": "orb", "min_body": 0.4},
        "data_dir": str(tmp_path),
    }
    run = api.start_run("backtest/adhoc", given)
    finish(registered, run.id)
    shown = (
        patient(registered.server)
        .post(
            "/artifacts/filter",
            json={"artifacts": {"flow_run_id": {"any_": [run.id]}}},
            timeout=20,
        )
        .json()
    )
    by_key = {artifact["key"]: artifact["data"] for artifact in shown}
    assert "data:image/png;base64," in by_key["backtest"]
    assert "AAPL" in by_key["backtest-trades"]
    assert list(tmp_path.glob("backtests/*/trades.parquet"))

    # Each step is a task that says what it does, and takes what the one before it made.
    tasks = filtered(registered, "task_runs", {"task_runs": {"flow_run_id": {"any_": [run.id]}}})
    by_name = {task["name"].split()[0]: task for task in tasks}
    assert set(by_name) == {"load", "run", "figures", "report"}
    assert by_name["load"]["name"].endswith(f"of {REAL_BARS.name}")
    for step, before in (("run", "load"), ("figures", "run"), ("report", "figures")):
        taken = [item["id"] for given in by_name[step]["task_inputs"].values() for item in given]
        assert taken == [by_name[before]["id"]], step
    progress = next(a for a in shown if a["key"] == "backtest-progress")
    assert (progress["data"], progress["description"]) == (100, "done")
    # The lines of a run's process may arrive behind its end.
    served = "open http://127.0.0.1:8085/backtests/"
    for beginning in (f"loaded {len(SYMBOLS)} symbols", "Profit [USD]", served, "or open file://"):
        wait_for(
            lambda start=beginning: any(
                line.startswith(start) for line in api.read_log(run.id, lines=200)
            )
        )


def test_a_bad_backtest_fails_with_the_line_that_the_terminal_shows(
    registered: PrefectStack, tmp_path: Path
) -> None:
    api = registered.connect()
    given = {"bars": str(REAL_BARS), "symbols": ["NOPE"], "data_dir": str(tmp_path)}
    run = api.start_run("backtest/adhoc", given)
    ended = wait_for(lambda: (now := api.read_run(run.id)).is_final and now)
    assert ended.state_type == "FAILED"
    assert ended.message.startswith(f"Bad input: {REAL_BARS} has no rows of NOPE. It has ")
    assert "\n" not in ended.message
    # Prefect sends a run's log in batches, a little after its state.
    told = wait_for(lambda: [line for line in api.read_log(run.id) if "Bad input" in line])
    assert [line for line in told if "\n" in line] == []
    log = api.read_log(run.id)
    assert [line for line in log if "Traceback" in line] == []
    assert not list(tmp_path.glob("backtests/*"))
