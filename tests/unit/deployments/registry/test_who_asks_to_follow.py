"""Only a supervisor with a server of its own follows a moved folder, before its worker starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from blocks.process.stop_request import StopRequest
from deployments import __main__ as terminal
from deployments import supervisor as supervisor_module
from deployments.processes.child import Child
from deployments.processes.home import Home
from deployments.server.prefect_api import PrefectApi
from deployments.server.server import Server
from deployments.supervisor import FOLLOW, Supervisor
from trading.errors import SourceUnavailable

ADDRESS = "http://127.0.0.1:1/api"
MakeSupervisor = Callable[..., tuple[Supervisor, list[str]]]


class Ended:
    """A child that has ended at once, or a server that lives."""

    def __init__(self, exit_code: int | None, says: str = "") -> None:
        self.exit_code = exit_code
        self.says = says

    def lines(self) -> list[str]:
        return self.says.splitlines()


@pytest.fixture
def make_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSupervisor:
    """Return a maker of supervisors, each with the list of what it did."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    home = Home.at(tmp_path / "data")

    def make(
        ledger: str | None, *, is_own_server: bool = True, exit_code: int = 0
    ) -> tuple[Supervisor, list[str]]:
        did: list[str] = []

        def start(command: list[str], environment: dict[str, str], log: Path) -> Child:
            assert environment["PREFECT_API_URL"] == ADDRESS
            did.append(FOLLOW if FOLLOW in command else "register")
            log.write_text("error: it is locked\n")
            return cast(Child, Ended(exit_code, "error: it is locked"))

        def start_worker(home: Home, api_url: str) -> Child:
            did.append("worker")
            return cast(Child, Ended(None))

        server = Server(ADDRESS, cast(Child, Ended(None)) if is_own_server else None)
        monkeypatch.setattr(Child, "start", start)
        monkeypatch.setattr(supervisor_module, "start_worker", start_worker)
        monkeypatch.setattr(supervisor_module, "start_server", lambda *_: server)
        monkeypatch.setattr(supervisor_module, "use_server", lambda *_: server)
        monkeypatch.setattr(PrefectApi, "ledger_folder", lambda api: ledger)
        monkeypatch.setattr(Supervisor, "_clear_up", lambda supervisor: None)
        monkeypatch.setattr(Supervisor, "stop", lambda supervisor: None)
        if not is_own_server:
            monkeypatch.setenv("PREFECT_API_URL", ADDRESS)
        return Supervisor(home, lambda text: None, StopRequest()), did

    return make


def test_a_moved_folder_is_followed_before_a_worker_takes_a_run(
    make_supervisor: MakeSupervisor,
) -> None:
    supervisor, did = make_supervisor("/old/data")
    with supervisor.running():
        supervisor.register()
    assert did == [FOLLOW, "worker", "register"]


def test_what_was_broken_off_goes_on_although_the_ledger_block_is_right(
    make_supervisor: MakeSupervisor, tmp_path: Path
) -> None:
    supervisor, did = make_supervisor(str(tmp_path / "data"))
    supervisor.home.write_left_places(["/old/data"])
    with supervisor.running():
        pass
    assert did == [FOLLOW, "worker"]


@pytest.mark.parametrize("ledger", [None, "{home}"])
def test_a_folder_that_is_new_or_where_it_was_costs_no_process(
    make_supervisor: MakeSupervisor, tmp_path: Path, ledger: str | None
) -> None:
    supervisor, did = make_supervisor(ledger and ledger.format(home=tmp_path / "data"))
    with supervisor.running():
        pass
    assert did == ["worker"]


def test_a_server_that_somebody_else_runs_is_told_nothing(make_supervisor: MakeSupervisor) -> None:
    supervisor, did = make_supervisor("/old/data", is_own_server=False)
    with supervisor.running():
        supervisor.register()
    assert did == ["worker", "register"]


def test_no_worker_starts_when_the_folder_cannot_be_followed(
    make_supervisor: MakeSupervisor,
) -> None:
    supervisor, did = make_supervisor("/old/data", exit_code=1)
    with pytest.raises(SourceUnavailable, match="it is locked"), supervisor.running():
        pass
    assert did == [FOLLOW]


@pytest.mark.parametrize(
    ("options", "done"), [([], "register"), (["--overwrite"], "register"), ([FOLLOW], "follow")]
)
def test_a_bare_register_follows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], done: str
) -> None:
    did: list[str] = []

    def note(name: str) -> Callable[..., int]:
        return lambda *_, **__: did.append(name) or 0

    monkeypatch.setattr(terminal, "register", note("register"))
    monkeypatch.setattr(terminal, "follow", note("follow"))
    monkeypatch.setattr(terminal, "configure", lambda env_file: None)
    # A copied folder has the port of the server that it was copied from.
    Home.at(tmp_path).port_file.write_text("1\n")
    assert terminal.main(["register", "--data-dir", str(tmp_path), *options]) == 0
    assert did == [done]
