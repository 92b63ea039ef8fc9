"""A moved folder's server is told everything, or goes on the next time; wishes are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.exceptions import PrefectHTTPStatusError

from deployments.processes.home import Home
from deployments.registry import answers, follow_moved_folder
from deployments.registry.spec import DeploymentSpec
from trading.errors import BadInput, OpenbellError, SourceUnavailable, StoreUnavailable

OLD = "/old/data"
WISHED = "/srv/accounts"


def refused(status: int) -> PrefectHTTPStatusError:
    request = httpx.Request("PATCH", "http://server/api")
    return PrefectHTTPStatusError(
        "no", request=request, response=httpx.Response(status, text="locked", request=request)
    )


def named(name: str, entrypoint: str, data_dir: str) -> SimpleNamespace:
    return SimpleNamespace(
        id=uuid4(), name=name, entrypoint=entrypoint, parameters={"data_dir": data_dir}
    )


def block(slug: str, **data: str) -> SimpleNamespace:
    return SimpleNamespace(
        id=slug, name="openbell", block_type=SimpleNamespace(slug=slug), data=data
    )


def run(id: str, deployment: UUID, state: str, data_dir: str) -> SimpleNamespace:
    return SimpleNamespace(
        id=id, deployment=deployment, state=state, parameters={"data_dir": data_dir}
    )


class Server:
    """What a server holds, in the words of Prefect's client; it refuses when it is told to."""

    def __init__(self, place: str = OLD) -> None:
        self.deployments = [
            named("paper", "flows/trade.py:trade_session", place),
            named("adhoc", "flows/backtest.py:backtest", place),
        ]
        # The ledger's first: the order is not the server's to choose.
        self.blocks = [
            block("openbell-ledger", data_dir=place),
            block("openbell-local-copies", folder=f"{place}/copies"),
            block("json", data_dir=place),
        ]
        self.runs: list[SimpleNamespace] = []
        self.writes = 0
        self.refusal: Callable[[int], PrefectHTTPStatusError | None] = lambda write: None

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass

    def _write(self) -> None:
        self.writes += 1
        if (error := self.refusal(self.writes)) is not None:
            raise error

    async def read_deployments(self, limit: int) -> list[SimpleNamespace]:
        return list(self.deployments)

    async def read_block_documents(self, limit: int, include_secrets: bool) -> list[Any]:
        return list(self.blocks)

    async def read_flow_runs(
        self, flow_run_filter: Any, sort: object, limit: int, offset: int
    ) -> list[SimpleNamespace]:
        ids = flow_run_filter.deployment_id.any_
        states = {state.value for state in flow_run_filter.state.type.any_}
        found = [run for run in self.runs if run.deployment in ids and run.state in states]
        return found[offset : offset + limit]

    async def update_deployment(self, id: UUID, update: Any) -> None:
        self._write()
        next(each for each in self.deployments if each.id == id).parameters = update.parameters

    async def update_block_document(self, id: str, update: Any) -> None:
        self._write()
        next(each for each in self.blocks if each.id == id).data |= update.data

    async def update_flow_run(self, id: str, parameters: dict[str, Any]) -> None:
        self._write()
        next(each for each in self.runs if each.id == id).parameters = parameters

    def places(self) -> list[str]:
        return [
            *(each.parameters["data_dir"] for each in [*self.deployments, *self.runs]),
            *(value for each in self.blocks[:2] for value in each.data.values()),
        ]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "data")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(follow_moved_folder, "get_client", lambda: server)
    monkeypatch.setattr(answers, "PATIENT_PAUSES_S", (0.0,) * 3)
    return server


def specs(server: Server, data_dir: Path | str) -> list[DeploymentSpec]:
    return [
        DeploymentSpec(each.name, each.entrypoint, parameters={"data_dir": str(data_dir)})
        for each in server.deployments
    ]


def follow(home: Home, wanted: list[DeploymentSpec]) -> list[str]:
    return asyncio.run(follow_moved_folder.follow_moved_folder(home, wanted))


def test_deployments_runs_and_blocks_name_the_new_place_and_it_is_said_once(
    server: Server, home: Home
) -> None:
    server.runs = [run("r", server.deployments[0].id, "SCHEDULED", OLD)]
    wanted = specs(server, home.data_dir)
    new = str(home.data_dir)
    assert follow(home, wanted) == [
        f"the data folder was {OLD}: deployments, runs and blocks name {new} now"
    ]
    assert server.places() == [new, new, new, new, f"{new}/copies"]
    assert server.blocks[2].data == {"data_dir": OLD}
    written = server.writes
    assert follow(home, wanted) == []
    assert server.writes == written


def test_deployments_that_are_to_trade_elsewhere_stay_there_with_their_blocks(
    server: Server, home: Home
) -> None:
    elsewhere = Server(WISHED)
    server.deployments, server.blocks = elsewhere.deployments, elsewhere.blocks
    assert follow(home, specs(server, WISHED)) == []
    assert server.writes == 0


def test_only_the_deployments_follow_that_are_to_trade_in_this_folder(
    server: Server, home: Home
) -> None:
    server.deployments.append(named("mine", "flows/trade.py:trade_session", OLD))
    server.deployments.append(named("gone", "flows/trade.py:trade_session", OLD))
    wanted = specs(server, home.data_dir)[:2] + specs(server, OLD)[2:3]
    server.runs = [run("mine", server.deployments[2].id, "SCHEDULED", OLD)]
    follow(home, wanted)
    new = str(home.data_dir)
    assert server.places() == [new, new, OLD, OLD, OLD, new, f"{new}/copies"]


def test_a_place_that_is_not_the_ledgers_is_kept_with_a_line_that_says_what_to_do(
    server: Server, home: Home
) -> None:
    server.blocks[0].data = {"data_dir": WISHED}
    [line] = follow(home, specs(server, home.data_dir))
    assert f"name {OLD} and are kept" in line
    assert f"register --overwrite --data-dir {home.data_dir}" in line
    assert server.writes == 0


def test_a_ledger_that_somebody_put_elsewhere_stays_there(server: Server, home: Home) -> None:
    for each in server.deployments:
        each.parameters = {"data_dir": str(home.data_dir)}
    assert follow(home, specs(server, home.data_dir)) == []
    assert server.writes == 0


@pytest.mark.parametrize("break_at", range(1, 6))
def test_broken_off_anywhere_it_goes_on_the_next_time(
    server: Server, home: Home, break_at: int
) -> None:
    server.runs = [run("r", server.deployments[0].id, "CRASHED", OLD)]
    server.refusal = lambda write: refused(500) if write == break_at else None
    wanted = specs(server, home.data_dir)
    with pytest.raises(SourceUnavailable, match="answers 500"):
        follow(home, wanted)
    assert OLD in server.places()
    follow(home, wanted)
    new = str(home.data_dir)
    assert server.places() == [new, new, new, new, f"{new}/copies"]
    assert home.left_places() == []


def test_broken_off_and_moved_again_everything_names_the_last_place(
    server: Server, home: Home
) -> None:
    server.refusal = lambda write: refused(500) if write == 2 else None
    with pytest.raises(SourceUnavailable):
        follow(home, specs(server, home.data_dir))
    moved = home.data_dir.rename(home.data_dir.with_name("again"))
    follow(Home(moved), specs(server, moved))
    assert server.places() == [str(moved), str(moved), str(moved), f"{moved}/copies"]


def test_nothing_is_told_that_could_not_be_written_down_first(server: Server, home: Home) -> None:
    (home.prefect / "left_places.new").mkdir()
    with pytest.raises(StoreUnavailable, match="left_places"):
        follow(home, specs(server, home.data_dir))
    assert server.writes == 0


def test_a_busy_server_is_asked_again(server: Server, home: Home) -> None:
    server.refusal = lambda write: refused(503) if write % 2 else None
    follow(home, specs(server, home.data_dir))
    assert OLD not in server.places()


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (503, SourceUnavailable, "answers 503: locked"),
        (401, BadInput, "it does not know who asks"),
        (422, BadInput, "refused a deployment: locked"),
    ],
)
def test_what_the_server_refuses_is_one_line(
    server: Server, home: Home, status: int, kind: type[OpenbellError], text: str
) -> None:
    server.refusal = lambda write: refused(status)
    with pytest.raises(kind, match=text):
        follow(home, specs(server, home.data_dir))


def test_runs_that_may_still_trade_follow_and_those_that_ended_do_not(
    server: Server, home: Home
) -> None:
    paper = server.deployments[0].id
    follow_too = ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING", "CRASHED"]
    # More than the server gives at once.
    server.runs = [run(str(n), paper, "SCHEDULED", OLD) for n in range(250)]
    server.runs += [run(state, paper, state, OLD) for state in follow_too]
    kept = [run(state, paper, state, OLD) for state in ("COMPLETED", "FAILED", "CANCELLED")]
    kept.append(run("wished", paper, "SCHEDULED", WISHED))
    before = [dict(each.parameters) for each in kept]
    moved = list(server.runs)
    server.runs += kept
    follow(home, specs(server, home.data_dir))
    assert {each.parameters["data_dir"] for each in moved} == {str(home.data_dir)}
    assert [each.parameters for each in kept] == before


def test_a_run_that_is_removed_meanwhile_does_not_hold_the_others_back(
    server: Server, home: Home
) -> None:
    server.runs = [
        run("gone", server.deployments[0].id, "SCHEDULED", OLD),
        run("there", server.deployments[0].id, "SCHEDULED", OLD),
    ]

    def remove(write: int) -> PrefectHTTPStatusError | None:
        if write != 3:
            return None
        server.runs = server.runs[1:]
        return refused(404)

    server.refusal = remove
    follow(home, specs(server, home.data_dir))
    assert OLD not in server.places()
