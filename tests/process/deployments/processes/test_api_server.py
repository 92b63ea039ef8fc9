"""The API as a child of the supervisor: it comes back, and its absence holds nobody up."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from deployments.processes.api_server import ApiServer
from deployments.processes.child import Child
from deployments.processes.home import Home
from deployments.runs import runs
from deployments.runs.runs import cancel_runs
from deployments.server.prefect_api import PrefectApi
from tests.process.api.conftest import free_port

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('ready', flush=True); time.sleep(60)"
)


def wait_for(condition: Callable[[], object], limit_s: float = 120) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=2).is_success
    except httpx.HTTPError:
        return False


def test_an_api_that_is_killed_comes_back(tmp_path: Path) -> None:
    said: list[str] = []
    server = ApiServer(Home.at(tmp_path / "data"), "127.0.0.1", free_port(), said.append)
    server.start()
    try:
        wait_for(lambda: answers(server.url))
        assert server._child is not None
        os.kill(server._child.pid, signal.SIGKILL)
        wait_for(lambda: server._child is not None and server._child.exit_code is not None)
        # Who tends it waits for nothing.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "sleep", lambda seconds: pytest.fail(f"slept {seconds} s"))
            server.tend()
        assert said[0].startswith("Died: API. Starting again in 1 s.")

        def is_back() -> bool:
            server.tend()
            return answers(server.url)

        wait_for(is_back)
    finally:
        server.stop()
    assert not answers(server.url)


def test_a_port_that_is_taken_is_said_and_tried_again_later(tmp_path: Path) -> None:
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = ApiServer(Home.at(tmp_path / "data"), "127.0.0.1", port, said.append)
        server.start()
        try:
            wait_for(lambda: server._child is not None and server._child.exit_code is not None)
            server.tend()
        finally:
            server.stop()
    assert f"port {port} at 127.0.0.1 is in use" in said[0]
    assert "\n" not in said[0]


class Passing:
    """A clock that only those move who sleep."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_flow_runs_have_as_long_to_end_as_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.at(tmp_path / "data")
    # A run that hears no request to end, of a server that is not there.
    child = Child.start(
        [sys.executable, "-c", STUBBORN],
        home.environment(None) | {"PREFECT__FLOW_RUN_ID": "00000000"},
        home.logs / "child.log",
    )
    wait_for(lambda: "ready" in child.tail())
    api = PrefectApi(f"http://127.0.0.1:{free_port()}/api")
    try:
        for grace_s in (0.5, 2.0):
            said: list[str] = []
            clock = Passing()
            monkeypatch.setattr(runs, "time", clock)
            cancel_runs(api, home.data_dir, said.append, grace_s)
            assert grace_s <= clock.seconds < grace_s + 1.0
            assert any("did not end in time" in line for line in said)
    finally:
        api.close()
        child.stop(0.1)


@pytest.mark.parametrize(("value", "code"), [("soon", 1), ("0", 1)])
def test_a_shut_down_time_that_is_none_is_refused(
    tmp_path: Path, value: str, code: int, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from deployments.__main__ import main

    monkeypatch.setenv("SHUTDOWN_TIMEOUT_SECONDS", value)
    assert main(["up", "--data-dir", str(tmp_path)]) == code
    assert "SHUTDOWN_TIMEOUT_SECONDS" in capsys.readouterr().err
