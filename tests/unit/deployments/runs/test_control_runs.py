"""A halt that was clicked in Prefect's page: in the ledger once, whoever dies on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments.processes.home import Home
from deployments.runs import control_thread
from deployments.runs.control_runs import ControlRuns
from deployments.runs.control_thread import LOOK_ANYWAY_S, ControlThread
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from deployments.server.prefect_connection import ServerRefused
from deployments.server.server import Server as PrefectServer
from deployments.server.worker import CONTROL_POOL

FINAL = ("COMPLETED", "FAILED")
# Whatever the clock says: a moment ago, and long ago.
JUST_DUE, LONG_DUE = "2999-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00"


class DiedError(BaseException):
    """The supervisor's end."""


class Server:
    """What a server knows of the control runs, with the rule that only one may claim a run."""

    def __init__(self) -> None:
        self.runs: dict[str, FlowRun] = {}
        self.before: Callable[[str, str], None] = lambda run, state: None

    def click(
        self, command: str, *, worker: str | None = None, due: str = JUST_DUE,
        **parameters: str | None,
    ) -> str:  # fmt: skip
        key = f"run-{len(self.runs)}"
        self.runs[key] = FlowRun(key, "mega-horse", "SCHEDULED", "Scheduled", "", worker, due=due,
                                 parameters=parameters, deployment=command)  # fmt: skip
        return key

    def due_runs(self, work_pool: str, now: datetime) -> list[FlowRun]:
        assert work_pool == CONTROL_POOL
        return [run for run in self.runs.values() if run.state_type not in FINAL]

    def move(self, key: str, state: str, message: str = "") -> bool:
        self.before(key, state)
        run = self.runs[key]
        if state == "PENDING" and run.state_type != "SCHEDULED":
            return False
        begun = run.run_count + (state == "RUNNING")
        self.runs[key] = replace(run, state_type=state, message=message, run_count=begun)
        return True

    def read_run(self, key: str) -> FlowRun:
        return self.runs[key]

    def deployment_name(self, deployment: str) -> str:
        return deployment

    def rename(self, key: str, name: str) -> None:
        self.runs[key] = replace(self.runs[key], name=name)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    ledger = DuckDBLedger(tmp_path / "data", "paper")
    ledger.remember("account", "paper")
    return Home.at(tmp_path / "data")


def look(home: Home, server: Server) -> None:
    ControlRuns(home, lambda line: None).look(cast(PrefectApi, server))


def words(home: Home, account: str = "paper") -> list[tuple[str, str]]:
    rows = DuckDBLedger(home.data_dir, account).commands_since(0)
    return [(command, reason) for _, command, reason in rows]


def test_what_was_clicked_is_in_the_ledger_in_the_order_of_the_clicks(home: Home) -> None:
    server = Server()
    keys = [
        server.click("halt", reason="news", data_dir=str(home.data_dir)),
        server.click("flatten", reason="", account="paper"),
        server.click("resume", reason="all clear", account=""),
    ]
    look(home, server)
    assert words(home) == [("halt", "news"), ("flatten", ""), ("resume", "all clear")]
    assert [server.runs[key].state_type for key in keys] == ["COMPLETED"] * 3
    assert server.runs[keys[0]].message.startswith("halt is left for account paper")
    assert server.runs[keys[0]].name == "halt paper"


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETED"])
def test_a_supervisor_that_dies_on_the_way_loses_and_doubles_nothing(
    state: str, home: Home
) -> None:
    server = Server()
    key = server.click("flatten", reason="news")

    def die(_: str, reached: str) -> None:
        if reached == state:
            raise DiedError

    server.before = die
    with pytest.raises(DiedError):
        look(home, server)
    server.before = lambda run, state: None
    look(home, server)
    look(home, server)
    assert words(home) == [("flatten", "news")]
    assert server.runs[key].state_type == "COMPLETED"


def test_a_run_that_is_tried_again_by_hand_is_another_click(home: Home) -> None:
    server = Server()
    key = server.click("halt", reason="news")
    look(home, server)
    server.runs[key] = replace(server.runs[key], state_type="SCHEDULED")
    look(home, server)
    assert words(home) == [("halt", "news")] * 2


def test_a_run_of_another_folder_or_of_a_worker_is_left_alone(home: Home) -> None:
    server = Server()
    of_another = server.click("flatten", data_dir="/other/data")
    taken = server.click("flatten", worker="somebody")
    look(home, server)
    assert words(home) == []
    assert {server.runs[of_another].state_type, server.runs[taken].state_type} == {"SCHEDULED"}


@pytest.mark.parametrize("command", ["halt", "flatten", "resume"])
@pytest.mark.parametrize(
    "folder", ["/other/data", "no/such/../data", "~nobody-of-that-name", "a\0b"]
)
def test_what_is_for_a_folder_that_nobody_serves_is_answered_in_a_line(
    home: Home, command: str, folder: str
) -> None:
    server = Server()
    key = server.click(command, due=LONG_DUE, data_dir=folder)
    last = server.click("halt", reason="this one counts")
    look(home, server)
    run = server.runs[key]
    assert run.state_type == "FAILED"
    assert run.message.startswith("Bad input: nobody serves the data folder ")
    assert f"openbell {command} --data-dir " in run.message
    assert "\n" not in run.message
    assert server.runs[last].state_type == "COMPLETED"
    assert words(home) == [("halt", "this one counts")]


def test_a_run_that_another_supervisor_has_claimed_is_left_to_it(home: Home) -> None:
    server = Server()
    key = server.click("halt", due=LONG_DUE, data_dir="/other/data")
    server.runs[key] = replace(server.runs[key], state_type="PENDING")
    look(home, server)
    assert server.runs[key].state_type == "PENDING"


@pytest.mark.parametrize("spelling", ["{0}/", "{0}/../data", "{0}/./"])
def test_a_folder_is_the_same_however_it_is_written(home: Home, spelling: str) -> None:
    server = Server()
    key = server.click("halt", reason="news", data_dir=spelling.format(home.data_dir))
    look(home, server)
    assert words(home) == [("halt", "news")]
    assert server.runs[key].state_type == "COMPLETED"


def test_who_claims_second_does_nothing(home: Home) -> None:
    server = Server()
    key = server.click("flatten", reason="news")

    def claimed(run: str, state: str) -> None:
        server.runs[run] = replace(server.runs[run], state_type="RUNNING")

    server.before = claimed
    look(home, server)
    assert words(home) == []
    assert server.runs[key].state_type == "RUNNING"


def test_an_account_that_is_not_there_fails_with_a_way_out_and_is_not_made(home: Home) -> None:
    server = Server()
    keys = [server.click("halt", account=name) for name in ("papre", "../elsewhere")]
    last = server.click("halt", reason="this one counts")
    look(home, server)
    for key in keys:
        assert server.runs[key].state_type == "FAILED"
        assert server.runs[key].message.startswith("Bad input: account ")
    near, elsewhere = (server.runs[key].message for key in keys)
    assert near.endswith("Did you mean --account paper?")
    assert elsewhere.endswith("Name one of: paper")
    assert not (home.data_dir / "papre").exists()
    assert server.runs[last].state_type == "COMPLETED"
    assert words(home) == [("halt", "this one counts")]


def test_a_damaged_ledger_is_told_in_the_run(home: Home) -> None:
    (home.data_dir / "paper" / "ledger.duckdb").write_bytes(b"no database" * 2_000)
    server = Server()
    key = server.click("halt")
    look(home, server)
    assert server.runs[key].state_type == "FAILED"
    assert "openbell restore" in server.runs[key].message


def test_a_server_that_refuses_us_is_told_once_and_is_not_mistaken_for_one_without_commands(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    looks = 0
    thread: ControlThread

    class Refusing:
        def hurry(self) -> None:
            pass

        def close(self) -> None:
            pass

        def due_runs(self, *_: object) -> list[FlowRun]:
            nonlocal looks
            looks += 1
            if looks == 3:
                thread._is_over.set()
            raise ServerRefused("answered 401", "Set the string", 401)

    server = SimpleNamespace(connect=Refusing, child=None)
    monkeypatch.setattr(control_thread, "LOOK_EVERY_S", 0.0)
    thread = ControlThread(home, said.append, lambda: cast(PrefectServer, server))
    thread._serve()
    assert len(said) == 1
    assert "answered 401" in said[0]


def test_a_new_server_without_the_pool_is_no_trouble_and_one_that_lost_it_is(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    # What the server says to each heartbeat: not registered yet, served, gone.
    pool_is_there = [False, False, True, False]
    thread: ControlThread

    class New:
        def hurry(self) -> None:
            pass

        def close(self) -> None:
            pass

        def due_runs(self, *_: object) -> list[FlowRun]:
            return []

        def say_served(self, *_: object) -> None:
            is_there = pool_is_there.pop(0)
            if not pool_is_there:
                thread._is_over.set()
            if not is_there:
                raise ServerRefused("answered 404", "Read its log", 404)

    server = SimpleNamespace(connect=New, child=None)
    monkeypatch.setattr(control_thread, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(control_thread, "SAY_SERVED_EVERY_S", 0.0)
    thread = ControlThread(home, said.append, lambda: cast(PrefectServer, server))
    monkeypatch.setattr(thread._names, "look", lambda *_: None)
    thread._serve()
    assert len(said) == 1
    assert not pool_is_there


def test_a_server_that_was_told_nothing_is_asked_every_four_seconds_and_else_at_once(
    home: Home,
) -> None:
    thread = ControlThread(home, lambda line: None, lambda: server)
    server = cast(PrefectServer, SimpleNamespace(child=object()))
    elsewhere = cast(PrefectServer, SimpleNamespace(child=None))

    def looks(second: float, *, at: PrefectServer = server, is_answered: bool = True) -> bool:
        is_time = thread._is_time(at, second)
        if is_time and is_answered:
            thread._look_at = second + LOOK_ANYWAY_S
        return is_time

    # A database that is no file here.
    assert [looks(second) for second in range(3)] == [True] * 3
    log = home.prefect / "prefect.db-wal"
    log.write_bytes(b"1")
    assert [looks(second) for second in range(3, 12)] == [
        True, False, False, False, True, False, False, False, True,
    ]  # fmt: skip
    log.write_bytes(b"22")
    assert [looks(second, is_answered=second > 11.2) for second in (11.1, 11.2, 11.3, 11.4)] == [
        True, True, True, False,
    ]  # fmt: skip
    os.utime(log, ns=(1, 1))
    assert looks(11.5)
    # What another machine's server was told, no file here says.
    assert [looks(second, at=elsewhere) for second in (11.6, 11.7)] == [True, True]
