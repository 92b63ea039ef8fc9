"""A real server and worker: runs are scheduled, complete, and nothing outlives a SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import exchange_calendars
import pytest
from rich.console import Console

from deployments.demo import run_and_wait
from deployments.processes.home import REPOSITORY, Home
from deployments.server.prefect_api import PrefectApi
from deployments.server.server import start_server
from tests.system.conftest import PrefectStack
from tests.system.patience import connect, patient, wait_for
from trading.errors import BadInput, SourceUnavailable

pytestmark = pytest.mark.timeout(800)
THROWAWAY = Path(__file__).parent / "throwaway" / "prefect.yaml"


def processes_of(data_dir: Path) -> dict[int, str]:
    """Return the processes whose environment names this folder's PREFECT_HOME."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"PREFECT_HOME={data_dir}/prefect".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def registered(prefect_stack: PrefectStack) -> PrefectStack:
    supervisor = prefect_stack.supervisor
    before, supervisor.prefect_file = supervisor.prefect_file, THROWAWAY
    try:
        supervisor.register()
    finally:
        supervisor.prefect_file = before
    return prefect_stack


def register_again(stack: PrefectStack) -> list[str]:
    stack.said.clear()
    supervisor = stack.supervisor
    before, supervisor.prefect_file = supervisor.prefect_file, THROWAWAY
    try:
        supervisor.register()
    finally:
        supervisor.prefect_file = before
    return [line for line in stack.said if line.startswith("small/")]


def test_an_active_schedule_yields_runs_at_exactly_the_next_sessions(
    registered: PrefectStack,
) -> None:
    # Other files' deployments may be scheduled at the same server.
    body = {
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "deployments": {"name": {"any_": ["scheduled"]}},
    }

    def scheduled() -> list[dict[str, Any]]:
        rows = patient(registered.server).post("/flow_runs/filter", json=body).json()
        return [row for row in rows if row["auto_scheduled"]]

    runs = wait_for(lambda: len(rows := scheduled()) >= 3 and rows)
    times = sorted(datetime.fromisoformat(run["expected_start_time"]) for run in runs)

    calendar = exchange_calendars.get_calendar("XNYS")
    fires = [open_.to_pydatetime() - timedelta(minutes=5) for open_ in calendar.opens]
    first = fires.index(times[0])
    assert times == fires[first : first + len(times)]
    # One may have come due since it was written down.
    now = datetime.now(UTC)
    assert fires[first - 1] < now < fires[first + 1] and times[0] > now - timedelta(hours=1)


def test_a_run_completes_in_the_repository_and_with_the_homes_environment(
    registered: PrefectStack,
) -> None:
    api = registered.connect()
    run = api.start_run("small/adhoc", {})
    done = wait_for(lambda: (now := api.read_run(run.id)).is_final and now)
    assert done.state_name == "Completed"
    seen = json.loads((registered.data_dir / f"{run.id}.json").read_text())
    assert seen["cwd"] == str(THROWAWAY.parent)
    assert seen["PREFECT_HOME"] == str(registered.data_dir / "prefect")
    assert seen["OPENBELL_DATA_DIR"] == str(registered.data_dir)


def test_registering_again_changes_nothing(registered: PrefectStack) -> None:
    assert register_again(registered) == [
        "small/scheduled: unchanged",
        "small/adhoc: unchanged",
    ]


def test_registering_again_keeps_what_was_changed_in_the_ui(
    registered: PrefectStack,
) -> None:
    url = "/deployments"
    deployment = patient(registered.server).get(f"{url}/name/small/scheduled").json()
    changed = {
        "parameters": deployment["parameters"] | {"seconds": 1.0},
        "description": "mine",
    }
    patient(registered.server).patch(f"{url}/{deployment['id']}", json=changed).raise_for_status()
    schedule = f"{url}/{deployment['id']}/schedules/{deployment['schedules'][0]['id']}"
    patient(registered.server).patch(schedule, json={"active": False}).raise_for_status()
    # The settings do not name it: it is its user's own.
    assert register_again(registered)[0] == "small/scheduled: updated description"
    after = patient(registered.server).get(f"{url}/name/small/scheduled").json()
    assert after["parameters"]["seconds"] == 1.0
    assert [schedule["active"] for schedule in after["schedules"]] == [False]
    patient(registered.server).patch(schedule, json={"active": True}).raise_for_status()


def test_runs_of_a_demo_are_followed_until_they_are_completed(
    registered: PrefectStack,
) -> None:
    output = StringIO()
    console = Console(file=output)
    run_and_wait(registered.supervisor, [("small/adhoc", {})] * 2, console, 300)
    assert output.getvalue().count("Completed") == 2


def test_a_demo_run_that_fails_ends_the_demo_with_its_log(
    registered: PrefectStack,
) -> None:
    output = StringIO()
    console = Console(file=output)
    with pytest.raises(SourceUnavailable, match=r"small/adhoc .*Failed"):
        run_and_wait(
            registered.supervisor,
            [("small/adhoc", {"problem": "no bars"})],
            console,
            300,
        )
    assert "RuntimeError: no bars" in output.getvalue()


def test_a_demo_run_that_does_not_end_in_time_ends_the_demo(
    registered: PrefectStack,
) -> None:
    with pytest.raises(SourceUnavailable, match="after 1 s"):
        run_and_wait(
            registered.supervisor,
            [("small/adhoc", {"seconds": 5.0})],
            Console(quiet=True),
            1,
        )


def test_parameters_that_the_flow_does_not_take_are_refused_in_one_line(
    registered: PrefectStack,
) -> None:
    with pytest.raises(BadInput, match="refused its parameters") as caught:
        registered.connect().start_run("small/adhoc", {"seconds": "soon"})
    assert "\n" not in str(caught.value)


def test_a_server_that_dies_at_its_start_is_an_error_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:////nowhere/x")
    with pytest.raises(SourceUnavailable, match="unable to open database file"):
        start_server(Home.at(tmp_path / "data"))
    assert processes_of(tmp_path / "data") == {}


@contextmanager
def up(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the supervisor with an empty environment and SIGINT ignored, as `&` in a script does."""
    home = data_dir.parent / "home"
    home.mkdir(exist_ok=True)
    output = (data_dir.parent / "up.log").open("a+")
    command = [sys.executable, "-m", "deployments", "up", "--data-dir", str(data_dir)]
    process = subprocess.Popen(
        [*command, "--prefect-file", str(THROWAWAY)],
        cwd=REPOSITORY,
        env={"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    began = output.tell()
    try:

        def is_up() -> bool:
            assert process.poll() is None, Path(output.name).read_text()
            return "Openbell is up" in Path(output.name).read_text()[began:]

        wait_for(is_up, 240)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(120)
        output.close()


def start_sleeping(data_dir: Path, deployment: str) -> tuple[PrefectApi, str, int]:
    """Start a run that sleeps, and return it with its process once it has begun."""
    api = connect(data_dir)
    run = api.start_run(deployment, {"seconds": 900, "data_dir": str(data_dir)})
    note = data_dir / f"{run.id}.json"
    wait_for(lambda: note.exists() and note.read_text())
    return api, run.id, json.loads(note.read_text())["pid"]


def has_said(log: Path, text: str) -> bool:
    return text in log.read_text()


def state_of(data_dir: Path, run_id: str) -> str:
    """Return a run's state from the database of a server that has ended."""
    with sqlite3.connect(data_dir / "prefect" / "prefect.db") as database:
        row = database.execute(
            "select state_name from flow_run where replace(id, '-', '') = ?",
            (run_id.replace("-", ""),),
        ).fetchone()
    return str(row[0])


def test_after_everything_was_killed_the_next_start_works_and_its_end_leaves_no_process(
    tmp_path: Path,
) -> None:
    # A server that begins with nothing.
    data_dir = tmp_path / "data"
    with up(data_dir) as process:
        _, dead_id, _ = start_sleeping(data_dir, "small/scheduled")
        process.kill()
        process.wait(10)
        for pid in processes_of(data_dir):
            os.kill(pid, signal.SIGKILL)
    port = (data_dir / "prefect" / "port").read_text()
    with up(data_dir) as process:
        assert (data_dir / "prefect" / "port").read_text() == port
        api, run_id, flow_pid = start_sleeping(data_dir, "small/scheduled")
        assert api.read_run(dead_id).state_name == "Crashed"

        log = tmp_path / "up.log"
        for name, command in (("worker", " worker start "), ("server", ".prefect_server ")):
            pids = processes_of(data_dir).items()
            os.kill(
                next(pid for pid, text in pids if command in text),
                signal.SIGKILL,
            )
            wait_for(partial(has_said, log, f"Started again: {name}"))
        assert is_alive(flow_pid)
        assert api.read_run(run_id).state_name == "Running"
        assert flow_pid in processes_of(data_dir)
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    assert processes_of(data_dir) == {}
    assert (data_dir / f"{run_id}.finally").exists()
    assert state_of(data_dir, run_id) == "Cancelled"
    assert not (tmp_path / "home" / ".prefect").exists()
