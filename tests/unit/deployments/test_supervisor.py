"""What a start says of what registration did, however much of it there is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from blocks.process.stop_request import StopRequest
from deployments import supervisor as module
from deployments.processes.child import Child
from deployments.processes.home import Home
from deployments.server.prefect_api import NotRegistered
from deployments.server.prefect_connection import ServerSilent
from deployments.server.server import DatabaseFile
from deployments.supervisor import Supervisor
from trading.errors import SourceUnavailable


def test_a_risk_that_was_changed_is_told_before_however_many_other_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["trade-session/paper: risk.risk_per_trade 0.01 -> 0.001"]
    lines += [f"another line {number}: {'x' * 200}" for number in range(300)]
    start = Child.start
    say = f"print({chr(10).join(lines)!r})"
    monkeypatch.setattr(
        module.Child,
        "start",
        lambda command, environment, log: start([sys.executable, "-c", say], environment, log),
    )
    said: list[str] = []
    home = Home.at(tmp_path / "data")
    supervisor = Supervisor(home, said.append, StopRequest())
    supervisor.server = module.Server("http://127.0.0.1:1/api", None)
    supervisor.register()
    assert said == lines


def test_a_start_waits_for_a_server_that_lives_and_is_too_busy_for_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who ends instead leaves a session that is open to nobody, on every machine that is slow."""
    supervisor = Supervisor(Home.at(tmp_path / "data"), print, StopRequest())
    server = Process()
    supervisor.server = module.Server("http://127.0.0.1:1/api", server)
    monkeypatch.setattr(module, "ASK_AGAIN_S", 0.0)
    asked = 0

    def ask() -> None:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise ServerSilent("Prefect server does not answer: timed out", "Read its log")

    supervisor._once_it_answers(ask)
    assert asked == 3
    server.exit_code, asked = 1, 0
    with pytest.raises(ServerSilent):
        supervisor._once_it_answers(ask)
    assert asked == 1, "a server that has died answers nobody"


def test_a_registration_on_a_busy_machine_is_waited_for_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])

    class Slow:
        stopped = False

        def __init__(self, takes_s: float) -> None:
            self.takes_s = takes_s

        @property
        def exit_code(self) -> int | None:
            clock[0] += 50.0
            return 0 if clock[0] > self.takes_s else None

        def lines(self) -> list[str]:
            return ["trade-session/paper: created"]

        def stop(self, grace_s: float) -> None:
            self.stopped = True

    children = [Slow(500.0), Slow(1000.0)]
    monkeypatch.setattr(module.Child, "start", lambda *_: children[0])
    supervisor = Supervisor(Home.at(tmp_path / "data"), said.append, StopRequest())
    supervisor.should_stop.pause = lambda seconds: None  # type: ignore[method-assign]
    supervisor.server = module.Server("http://127.0.0.1:1/api", None)
    supervisor.register(limit_s=module.FIRST_REGISTER_LIMIT_S)
    assert [line.split(" s so far")[0] for line in said[:-1]] == [
        "Registration has taken 200",
        "Registration has taken 400",
    ]
    assert said[-1] == "trade-session/paper: created"
    # Beside sessions that may need the supervisor it is not waited for so long.
    clock[0] = 500.0
    del children[0]
    with pytest.raises(SourceUnavailable, match="after at most 180 s"):
        supervisor.register()
    assert children[0].stopped


class Process:
    """A server or worker that lives until it is told to end."""

    exit_code: int | None = None

    def stop(self, grace_s: float) -> None:
        self.exit_code = 0


@pytest.mark.parametrize("way", ["it was removed", "another lies there", "it is there"])
def test_a_server_whose_database_was_removed_is_started_again_and_told_everything(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, said, did = Home.at(tmp_path / "data"), list[str](), list[str]()
    path = home.prefect / "prefect.db"
    path.write_bytes(b"runs")
    supervisor = Supervisor(home, said.append, StopRequest())
    old, new = Process(), Process()
    kept = DatabaseFile.at(path)
    supervisor.server = module.Server("http://127.0.0.1:1/api", old, None, kept)
    supervisor.worker = Process()

    def start(*_: object) -> module.Server:
        assert old.exit_code == 0
        did.append("started")
        return module.Server("http://127.0.0.1:1/api", new, None, DatabaseFile.at(path))

    monkeypatch.setattr(module, "start_server", start)
    monkeypatch.setattr(supervisor, "register", lambda: did.append("registered"))
    monkeypatch.setattr(supervisor, "_look_at_runs", lambda: did.append("looked"))
    if way != "it is there":
        # Kept under another name: its number is not given to another file.
        path.rename(path.with_name("old"))
    if way == "another lies there":
        path.write_bytes(b"")
    supervisor.tend()
    supervisor.tend()
    if way == "it is there":
        assert (did, said) == (["looked", "looked"], [])
    else:
        assert did == ["started", "registered", "looked"]
        assert said[0].startswith("The database of Prefect's server was removed")
        # Who trades is not disturbed.
        assert supervisor.worker.exit_code is None


def test_a_deployment_that_was_removed_is_made_anew_for_a_session_that_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    supervisor = Supervisor(Home.at(tmp_path / "data"), said.append, StopRequest())
    supervisor.server = module.Server("http://127.0.0.1:1/api", Process())
    supervisor.worker = Process()
    registered: list[str] = []

    def look(api: object, now: float, *, is_own_server: bool) -> None:
        raise NotRegistered("deployment trade-session/paper is not registered", "")

    monkeypatch.setattr(supervisor._dead_runs, "watch", lambda *_, **__: None)
    monkeypatch.setattr(supervisor._restarts, "look", look)
    monkeypatch.setattr(supervisor, "register", lambda: registered.append("again"))
    supervisor.tend()
    supervisor.tend()
    # Where that does not help it is not done every five seconds.
    assert registered == ["again"]
    assert said == ["deployment trade-session/paper is not registered: registering again"]
