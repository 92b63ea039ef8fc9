"""Upcoming runs: the list of what is to come reads as what it will be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from blocks.ledger.ledger import DuckDBLedger
from deployments.processes.home import Home
from deployments.runs.upcoming_names import LOOK_EVERY_S, MOST_AT_ONCE, UpcomingNames
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from deployments.server.prefect_connection import ServerRefused


class Server:
    """A server with upcoming runs of each flow."""

    def __init__(self, **runs: list[FlowRun]) -> None:
        self.runs = {flow.replace("_", "-"): found for flow, found in runs.items()}
        self.asked = 0
        self.renamed = 0

    def scheduled_runs(self, work_pool: str, flow: str) -> list[FlowRun]:
        self.asked += 1
        return self.runs.get(flow, [])

    def rename(self, key: str, name: str) -> None:
        self.renamed += 1
        for found in self.runs.values():
            found[:] = [replace(run, name=name) if run.id == key else run for run in found]

    def names(self, flow: str) -> list[str]:
        return [run.name for run in self.runs[flow]]


def upcoming(key: str, due: str, **parameters: object) -> FlowRun:
    return FlowRun(key, "mega-horse", "SCHEDULED", "Scheduled", "", due=due, parameters=parameters)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "data")


def test_the_next_sessions_are_called_by_day_and_account(home: Home) -> None:
    DuckDBLedger(home.data_dir, "paper").mark_simulated(is_simulated=False)
    server = Server(
        trade_session=[
            upcoming("a", "2025-06-10T13:00:00+00:00", market="live"),
            upcoming("b", "2025-06-11T13:00:00Z", market="live"),
        ],
        health=[upcoming("c", "2025-06-10T13:05:00+00:00")],
    )
    UpcomingNames(home).look(cast(PrefectApi, server), 100.0)
    assert server.names("trade-session") == ["2025-06-10 paper", "2025-06-11 paper"]
    assert server.names("health") == ["2025-06-10 13:05Z health"]


def test_a_server_is_asked_once_a_minute_and_told_little_at_once(home: Home) -> None:
    many = [upcoming(str(n), f"2025-06-10T13:{n:02}:00+00:00") for n in range(30)]
    server = Server(health=many)
    names = UpcomingNames(home)
    names.look(cast(PrefectApi, server), 100.0)
    assert server.renamed == MOST_AT_ONCE
    asked = server.asked
    for second in range(1, 30):
        names.look(cast(PrefectApi, server), 100.0 + second)
    assert server.renamed == 30
    assert server.asked == asked
    server.runs["health"] = [upcoming("new", "2025-06-11T13:00:00+00:00")]
    names.look(cast(PrefectApi, server), 100.0 + LOOK_EVERY_S)
    assert server.names("health") == ["2025-06-11 13:00Z health"]


def test_a_run_that_cannot_be_renamed_does_not_stand_in_the_way_of_the_others(home: Home) -> None:
    server = Server(health=[upcoming(n, f"2025-06-10T13:0{n}:00+00:00") for n in "123"])
    rename = server.rename

    def refuse(key: str, name: str) -> None:
        if key == "1":
            raise ServerRefused("answered 422", "Read its log", 422)
        rename(key, name)

    server.rename = refuse  # type: ignore[method-assign]
    names = UpcomingNames(home)
    with pytest.raises(ServerRefused):
        names.look(cast(PrefectApi, server), 100.0)
    names.look(cast(PrefectApi, server), 101.0)
    assert server.renamed == 2


def test_a_session_of_another_folder_keeps_its_name(home: Home) -> None:
    server = Server(trade_session=[upcoming("a", "2025-06-10T13:00:00+00:00", data_dir="/other")])
    UpcomingNames(home).look(cast(PrefectApi, server), 100.0)
    assert server.names("trade-session") == ["mega-horse"]


def test_a_run_that_a_registration_removed_meanwhile_is_no_trouble(home: Home) -> None:
    class Registered(Server):
        def rename(self, key: str, name: str) -> None:
            if key == "gone":
                raise ServerRefused("Flow run not found", "", status=404)
            super().rename(key, name)

    due = "2025-06-10T13:05:00+00:00"
    server = Registered(health=[upcoming("gone", due), upcoming("c", due)])
    UpcomingNames(home).look(cast(PrefectApi, server), 100.0)
    assert server.names("health") == ["mega-horse", "2025-06-10 13:05Z health"]
