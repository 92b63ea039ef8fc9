"""Children start with clean signals, are found by their mark, and end when they must."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from blocks.process.stop_request import StopRequest
from deployments.processes import marked as processes
from deployments.processes.child import Child, rotate
from deployments.processes.home import AUTH_VARIABLES, Home
from deployments.server.prefect_api import PrefectApi
from deployments.server.server import _choose_port, known_server, use_server
from deployments.supervisor import Backoff
from trading.errors import SourceUnavailable, StoreUnavailable

SLEEP = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "data")


def start(home: Home, code: str, **extra: str) -> Child:
    child = Child.start(
        [sys.executable, "-c", code],
        home.environment(None) | extra,
        home.logs / "child.log",
    )
    wait_for(lambda: child.tail() != "")
    return child


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_child_does_not_ignore_the_interrupts_that_its_parent_ignores(
    home: Home,
) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = start(home, "import signal; print(signal.getsignal(signal.SIGINT).__name__)")
    finally:
        signal.signal(signal.SIGINT, before)
    child.process.wait(60)
    assert child.tail() == "default_int_handler"


def test_a_child_that_ignores_the_request_to_end_is_killed(home: Home) -> None:
    child = start(home, STUBBORN)
    child.stop(grace_s=0.2)
    assert child.exit_code == -signal.SIGKILL


def test_marked_processes_are_found_with_the_flow_run_they_execute(home: Home) -> None:
    child = start(home, SLEEP, PREFECT__FLOW_RUN_ID="run-1")
    try:
        assert [(p.pid, p.flow_run_id) for p in processes.marked_processes(home.data_dir)] == [
            (child.pid, "run-1")
        ]
        assert processes.marked_processes(home.data_dir / "other") == []
    finally:
        child.stop(5)
    assert processes.marked_processes(home.data_dir) == []


def test_end_kills_what_does_not_end_by_itself(home: Home) -> None:
    polite, stubborn = start(home, SLEEP), start(home, STUBBORN)
    found = processes.marked_processes(home.data_dir)
    # The stubborn one must have got so far as to ignore the signal.
    wait_for(lambda: stubborn.tail().count("ready") == 2)
    killed = processes.end(found, grace_s=0.5)
    assert [p.pid for p in killed] == [stubborn.pid]
    assert (polite.process.wait(60), stubborn.process.wait(60)) == (-15, -9)


def test_a_process_that_has_another_ones_number_is_left_alone() -> None:
    this = psutil.Process()
    # What psutil remembers of a process that had this number before.
    this._ident = (this.pid, 1.0)  # type: ignore[attr-defined]
    impostor = processes.Marked(this, 1, 1, "not us", None)
    assert not processes.is_alive(impostor)
    assert processes.end([impostor], 1) == []


def test_a_log_that_has_grown_large_moves_aside_under_its_writer(
    tmp_path: Path,
) -> None:
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old" * 10)
        rotate(log, limit_bytes=20)
        writer.write(b"new")
    assert log.read_bytes() == b"new"
    assert (tmp_path / "a.log.1").read_bytes() == b"old" * 10


def test_a_folder_is_held_by_one_supervisor(home: Home) -> None:
    with home.hold(), pytest.raises(StoreUnavailable, match=f"by process {os.getpid()}"):
        home.hold().__enter__()
    with home.hold():
        pass


def test_a_port_is_used_again_unless_somebody_has_taken_it(home: Home) -> None:
    home.port_file.write_text("rubbish")
    port = _choose_port(home)
    home.port_file.write_text(f"{port}\n")
    assert _choose_port(home) == port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert _choose_port(home) != port


def test_the_users_profile_does_not_reach_a_child(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_PROFILE", "work")
    monkeypatch.setenv("PREFECT_HOME", "/home/me/.prefect")
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere/api")
    environment = home.environment(None)
    assert "PREFECT_PROFILE" not in environment
    assert "PREFECT_API_URL" not in environment
    assert environment["PREFECT_HOME"] == str(home.prefect)
    assert environment["PREFECT_PROFILES_PATH"].startswith(str(home.prefect))


def test_what_our_own_server_asks_for_reaches_its_children_and_nobody_elses(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in AUTH_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    string = home.auth_string()
    assert string.startswith("openbell:") and len(string) > 30
    assert {home.environment(None)[name] for name in AUTH_VARIABLES} == {string}
    # The next start asks for the same: the page and open shells go on working.
    assert Home.at(home.data_dir).auth_string() == string

    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere/api")
    assert not set(AUTH_VARIABLES) & set(home.environment("http://elsewhere/api"))

    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "mine:own")
    assert home.environment(None)["PREFECT_API_AUTH_STRING"] == "mine:own"
    monkeypatch.delenv("PREFECT_API_URL")
    assert {home.environment(None)[name] for name in AUTH_VARIABLES} == {"mine:own"}


def test_up_in_a_shell_that_speaks_to_our_own_server_starts_it_and_waits_for_nobody(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.port_file.write_text("4711\n")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4711/api")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", home.auth_string())
    assert home.asks_elsewhere() is None
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4712/api")
    assert home.asks_elsewhere() == "http://127.0.0.1:4712/api"


def test_a_given_server_that_does_not_answer_is_an_error_of_one_line(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        api_url = f"http://127.0.0.1:{closed.getsockname()[1]}/api"
    monkeypatch.setenv("PREFECT_API_URL", api_url)
    known = known_server(home)
    assert known is not None and known.api_url == home.asks_elsewhere() == api_url
    with pytest.raises(SourceUnavailable) as caught:
        use_server(api_url, print, StopRequest(), limit_s=0)
    assert str(caught.value).count("\n") == 0
    assert not PrefectApi(api_url).is_healthy()


def test_restarts_wait_longer_each_time_up_to_a_minute_and_forget_after_a_good_time() -> None:
    backoff = Backoff()
    waits = [backoff.next_wait(float(second)) for second in range(8)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff.next_wait(10_000.0) == 1


def test_a_pause_ends_when_a_stop_is_requested() -> None:
    should_stop = StopRequest()
    should_stop.requested = True
    began = time.monotonic()
    should_stop.pause(600)
    assert time.monotonic() - began < 600
