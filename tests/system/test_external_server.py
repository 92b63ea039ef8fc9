"""A Prefect server that is not ours: dead runs are released there, those of others are not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event

import httpx
import pytest

from deployments.processes.home import REPOSITORY, Home
from deployments.server.prefect_api import PrefectApi
from deployments.server.server import Server, start_server
from deployments.server.worker import worker_name
from tests.process.api.conftest import free_port
from tests.system.conftest import MakeHome
from tests.system.patience import patient, wait_for
from tests.system.test_supervisor import THROWAWAY, has_said, processes_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(590)]


@contextmanager
def elsewhere(home: Home) -> Iterator[Server]:
    """Run a server that no supervisor owns, as Compose does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        # A worker counts as offline soon after it was killed.
        patch.setenv("PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS", "1")
        server = start_server(home)
        assert server.child is not None
        try:
            yield server
        finally:
            server.child.stop(20)


def known(server: Server) -> dict[str, str]:
    """Return how a user names a server that is not ours, and what it asks for."""
    assert server.auth_string is not None
    return {"PREFECT_API_URL": server.api_url, "PREFECT_API_AUTH_STRING": server.auth_string}


@contextmanager
def up(data_dir: Path, server: Server, wait_until: str = "Openbell is up") -> Iterator[Path]:
    """Run `up` with somebody else's server; yield its log, and leave nothing behind."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    log = data_dir.parent / "up.log"
    began = log.stat().st_size if log.exists() else 0
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
    with log.open("a") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "deployments", "up", "--data-dir", str(data_dir)),
                *("--prefect-file", str(THROWAWAY)),
            ],
            cwd=REPOSITORY,
            env=environment | known(server) | {"HEALTH_CHECK_PORT": str(free_port())},
            stdout=output,
            stderr=output,
        )
    (data_dir.parent / "pid").write_text(str(process.pid))
    try:

        def is_up() -> bool:
            assert process.poll() is None, log.read_text()
            return wait_until in log.read_text()[began:]

        wait_for(is_up, 200)
        yield log
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(120)


def start_sleeping(api: PrefectApi, data_dir: Path) -> tuple[str, int]:
    """Start a run that sleeps, and return it with its process."""
    run = api.start_run("small/scheduled", {"seconds": 900, "data_dir": str(data_dir)})
    note = data_dir / f"{run.id}.json"
    wait_for(lambda: note.exists() and note.read_text())
    return run.id, json.loads(note.read_text())["pid"]


def kill_everything(data_dir: Path) -> None:
    """Kill supervisor, worker and flow runs at once, as the end of a container does."""
    pids = [int((data_dir.parent / "pid").read_text()), *processes_of(data_dir)]
    assert len(pids) >= 3
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@contextmanager
def beating(server: Server, worker: str) -> Iterator[None]:
    """Let a worker that is gone show itself at the server, for as long as a start may take."""
    is_over = Event()

    def show() -> None:
        beat = {"name": worker, "heartbeat_interval_seconds": 10}
        beats = "/work_pools/openbell/workers/heartbeat"
        patient(server).post(beats, json=beat).raise_for_status()

    def show_on() -> None:
        while not is_over.wait(5):
            # The next one will do: it is offline when it missed three.
            with suppress(httpx.TransportError):
                show()

    show()
    with ThreadPoolExecutor(1) as pool:
        shown = pool.submit(show_on)
        try:
            yield
        finally:
            is_over.set()
        shown.result()


def label(server: Server, run_id: str, worker: str) -> None:
    patient(server).patch(
        f"/flow_runs/{run_id}/labels", json={"prefect.worker.name": worker}
    ).raise_for_status()


def test_up_waits_for_a_server_and_crashes_dead_runs_there_and_leaves_others_alone(
    make_home: MakeHome, tmp_path: Path
) -> None:
    data_dir = tmp_path / "ours" / "data"
    home = make_home(tmp_path / "elsewhere" / "data")
    port = free_port()
    home.port_file.write_text(f"{port}\n")
    expected = Server(f"http://127.0.0.1:{port}/api", None, home.auth_string())
    with up(data_dir, expected, wait_until="waiting for it") as log, elsewhere(home) as server:
        assert server.api_url == expected.api_url
        wait_for(partial(has_said, log, "Openbell is up"))
        api = server.connect()
        dead_id, _ = start_sleeping(api, data_dir)
        assert api.read_run(dead_id).worker == worker_name(Home(data_dir))
        # The container before this one had another host name, and its worker was killed just now.
        older_id, _ = start_sleeping(api, data_dir)
        older = f"openbell-4f2a91c0-{Home(data_dir).identity}"
        label(server, older_id, older)
        kill_everything(data_dir)
        assert api.read_run(dead_id).state_name == "Running"

        with ExitStack() as stack:
            with beating(server, older):
                log = stack.enter_context(up(data_dir, server))
                dead = api.read_run(dead_id)
                assert (dead.state_name, dead.message) == ("Crashed", "Its process was gone")
                assert api.read_run(older_id).state_name == "Running"
                assert "left alone" in log.read_text()
            wait_for(lambda: api.read_run(older_id).state_name == "Crashed")
            living_id, living_pid = start_sleeping(api, data_dir)
            with up(tmp_path / "others" / "data", server) as log_of_others:
                assert api.read_run(living_id).state_name == "Running"
                assert "without a process" not in log_of_others.read_text()
            # Nor at their end, where what is theirs is cancelled.
            assert api.read_run(living_id).state_name == "Running"
            os.kill(living_pid, 0)
        assert has_said(log, "Stopped")
        assert processes_of(data_dir) == {}
