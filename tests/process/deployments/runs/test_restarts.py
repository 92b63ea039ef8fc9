"""Crashed sessions: started again once, and not while they live."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.open_session import STOPPED
from deployments.processes.home import MARK, Home
from deployments.processes.marked import FLOW_RUN
from deployments.runs import restarts as restarts_module
from deployments.runs import sent_runs
from deployments.runs.restarts import LIVES_AFTER, TRADES_AFTER, Restarts
from deployments.runs.stopped_runs import StoppedRuns
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import NotRegistered, PrefectApi
from flows.process.words import BAD_INPUT, SKIPPED
from trading.errors import SourceUnavailable
from trading.market.calendar import to_microseconds
from trading.session.events import SessionStarted

RUN_ID = "7d0a"
HOUR_US = 3_600_000_000
MINUTE = timedelta(minutes=1)


class Runs:
    """What a server knows of one session's run, and what it is told."""

    def __init__(self, parameters: dict[str, Any] | None = None, **state: Any) -> None:
        given = {"market": "live"} | (parameters or {})
        self.runs = [
            FlowRun(RUN_ID, "mega-horse", "CRASHED", "Crashed", "", parameters=given, **state)
        ]
        self.told: list[str] = []
        self.folder_of_the_deployment: str | None = None
        self.kept = ""
        self.is_registered = True
        self.removed: set[str | None] = set()

    def is_deployed(self, run: FlowRun) -> bool:
        return run.deployment not in self.removed

    def kept_by(self, run: FlowRun, work_pool: str, queue: str) -> str:
        return self.kept

    def begun_runs(self, flow: str, since: datetime) -> list[FlowRun]:
        return [run for run in self.runs if run.state_type not in ("SCHEDULED", "PAUSED")]

    def start_run(self, deployment: str, parameters: dict[str, Any]) -> FlowRun:
        if not self.is_registered:
            raise NotRegistered(f"deployment {deployment} is not registered", "")
        given = {"market": "live"} | parameters
        new = FlowRun(f"new-{len(self.runs)}", "new-horse", "SCHEDULED", "Scheduled", "",
                      since=datetime.now(UTC).isoformat(), parameters=given)  # fmt: skip
        self.runs.insert(0, new)
        self.told.append(f"new {deployment} {parameters}")
        return new

    def run_if_there(self, flow_run_id: str) -> FlowRun | None:
        return next((run for run in self.runs if run.id == flow_run_id), None)

    def begun_before(self, **state: Any) -> None:
        """Let a run of somebody's have begun after the session's own."""
        since = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
        given: dict[str, Any] = {"state_name": "", "parameters": {"market": "live"}} | state
        self.runs.insert(0, FlowRun("other", "other-horse", since=since, **given))

    @property
    def run(self) -> FlowRun:
        return self.runs[-1]

    def deployment_folder(self, deployment: str) -> str | None:
        return self.folder_of_the_deployment

    def crash_subflows(self, flow_run_id: str) -> None:
        pass

    def force(self, flow_run_id: str, state_type: str, message: str) -> None:
        self.told.append(state_type)
        self.say(state_type, ago=timedelta(), flow_run_id=flow_run_id)

    def say(
        self, state_type: str, ago: timedelta, message: str = "", flow_run_id: str | None = None
    ) -> None:
        """Let a run, the session's own when none is named, be in a state for so long."""
        since = (datetime.now(UTC) - ago).isoformat()
        said = self.run_if_there(flow_run_id or self.run.id)
        assert said is not None
        self.runs[self.runs.index(said)] = replace(
            said,
            state_type=state_type,
            state_name=state_type.title(),
            since=since,
            message=message,
        )


@contextmanager
def process_of_the_run(folder: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", "print('ready', flush=True); input()"],
        env={**os.environ, MARK: str(folder), FLOW_RUN: RUN_ID},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def traded(folder: Path, account: str = "paper", *, stopped: bool = False) -> Iterator[None]:
    """Begin a session of an account that ends within the hour, and hold it in the context."""
    now = to_microseconds(datetime.now(UTC))
    day = datetime.now(UTC).date().isoformat()
    ledger = DuckDBLedger(folder, account)
    epoch = ledger.acquire_lease()
    begun = SessionStarted(day, now - HOUR_US, now + HOUR_US, {})
    ledger.commit([begun], epoch=epoch, session=day)
    if stopped:
        ledger.remember(STOPPED, day)
    ledger.release()
    yield
    ledger.give_back_lease(epoch)
    ledger.release()


@pytest.fixture
def restarts(tmp_path: Path) -> Restarts:
    return Restarts(Home.at(tmp_path / "data"), lambda text: None)


def look(restarts: Restarts, runs: Runs, now: float = 0.0) -> list[str]:
    runs.told.clear()
    restarts.look(cast(PrefectApi, runs), now, is_own_server=True)
    return list(runs.told)


def test_a_session_is_started_again_at_the_second_look_without_a_process(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("CRASHED", ago=timedelta(minutes=1))
    with process_of_the_run(tmp_path / "data"):
        assert look(restarts, runs) == []
    # Whoever waited for that process reports its end about now.
    assert look(restarts, runs) == []
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_crash_that_is_told_late_of_a_session_started_again_is_taken_back(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("CRASHED", ago=timedelta(minutes=1))
    assert look(restarts, runs) == ["SCHEDULED"]
    with process_of_the_run(tmp_path / "data"):
        runs.say("CRASHED", ago=timedelta(seconds=1))
        # It may be about to end.
        assert look(restarts, runs) == []
        runs.say("CRASHED", ago=LIVES_AFTER)
        assert look(restarts, runs) == ["RUNNING"]


def test_a_session_that_nobody_started_again_is_not_said_to_run(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("CRASHED", ago=timedelta(minutes=5))
    with process_of_the_run(tmp_path / "data"):
        assert look(restarts, runs) == []


def test_a_session_that_trades_where_the_folder_was_is_refused_in_one_line(tmp_path: Path) -> None:
    said: list[str] = []
    home = Home.at(tmp_path / "data")
    restarts = Restarts(home, said.append)
    runs = Runs(parameters={"data_dir": "/old/data"}, deployment="d-1")
    runs.folder_of_the_deployment = str(home.data_dir)
    runs.say("CRASHED", ago=timedelta(minutes=1))
    assert look(restarts, runs) == look(restarts, runs) == []
    [line] = said
    assert "mega-horse" in line
    assert f"trades in /old/data, which is not {home.data_dir}" in line


def test_a_session_of_a_deployment_that_is_to_trade_elsewhere_is_started_again(
    restarts: Restarts,
) -> None:
    runs = Runs(parameters={"data_dir": "/srv/accounts"}, deployment="d-1")
    runs.folder_of_the_deployment = "/srv/accounts"
    runs.say("CRASHED", ago=timedelta(minutes=1))
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_session_of_this_folder_is_started_again(restarts: Restarts, tmp_path: Path) -> None:
    runs = Runs(parameters={"data_dir": str(tmp_path / "data")}, deployment="d-1")
    runs.say("CRASHED", ago=timedelta(minutes=1))
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_session_that_lost_its_holder_is_looked_at_at_once_and_soon_again(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("RUNNING", ago=MINUTE)
    with traded(tmp_path / "data"):
        look(restarts, runs, now=100.0)
        assert not restarts.are_due(101.0)
    assert restarts.are_due(101.0)
    look(restarts, runs, now=101.0)
    assert not restarts.are_due(102.0)
    assert restarts.are_due(101.0 + restarts_module.LOOK_AGAIN_S), "its run waits for that look"


ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "RUNNING")


@pytest.mark.parametrize("state", ENDS)
def test_an_open_session_without_a_holder_is_taken_up_whatever_prefect_calls_its_run(
    state: str, restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say(state, ago=timedelta(hours=3))
    with traded(tmp_path / "data"):
        assert look(restarts, runs) == []
    assert look(restarts, runs) == ["SCHEDULED"]
    # It is on its way.
    assert look(restarts, runs) == []


def test_a_run_that_is_cancelled_again_and_could_not_leave_its_session_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_runs, "TAKE_UP_AGAIN_S", 0.0)
    said: list[str] = []
    restarts = Restarts(Home.at(tmp_path / "data"), said.append)
    runs = Runs()
    with traded(tmp_path / "data"):
        runs.say("CANCELLED", ago=MINUTE)
    assert look(restarts, runs) == ["SCHEDULED"]
    # The process took the account for a moment.
    with traded(tmp_path / "data"):
        assert look(restarts, runs) == []
    runs.say("CANCELLED", ago=timedelta(seconds=5))
    assert look(restarts, runs) == look(restarts, runs) == []
    assert "mega-horse was cancelled again" in said[-1]
    assert len(said) == 2
    # Retried, it is a session like others.
    runs.say("CRASHED", ago=timedelta())
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_run_that_a_concurrency_limit_cancels_is_sent_again_until_it_has_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_runs, "TAKE_UP_AGAIN_S", 0.0)
    said: list[str] = []
    restarts = Restarts(Home.at(tmp_path / "data"), said.append)
    runs = Runs()
    with traded(tmp_path / "data"):
        pass
    for _ in range(3):
        runs.say("CANCELLED", ago=MINUTE, message="Deployment concurrency limit reached.")
        assert look(restarts, runs) == ["SCHEDULED"]
    # Each time after a longer rest, and named once.
    runs.say("CANCELLED", ago=timedelta(), message="Deployment concurrency limit reached.")
    assert look(restarts, runs) == []
    assert [line for line in said if "Raise or remove the limit" in line] == said[:1]


@pytest.mark.parametrize("state", ["CRASHED", "FAILED", "PENDING"])
def test_a_clock_that_was_set_back_keeps_no_session_waiting(
    state: str, restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    ahead = -timedelta(hours=2)
    runs.say(state, ago=ahead)
    # Before its session began; what is pending is begun by its worker.
    assert look(restarts, runs) == ([] if state == "PENDING" else ["SCHEDULED"])
    with traded(tmp_path / "data"):
        runs.say(state, ago=ahead)
    assert look(restarts, runs) == ["SCHEDULED"]


def test_how_long_a_take_up_is_waited_for_is_told_by_no_clock_that_is_set(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    with traded(tmp_path / "data"):
        runs.say("FAILED", ago=timedelta(hours=3))
    assert look(restarts, runs, now=0.0) == ["SCHEDULED"]
    runs.say("FAILED", ago=timedelta(hours=3))
    assert look(restarts, runs, now=sent_runs.TAKE_UP_AGAIN_S - 1.0) == []
    assert look(restarts, runs, now=sent_runs.TAKE_UP_AGAIN_S) == ["SCHEDULED"]


def test_an_open_session_that_no_run_is_known_of_is_taken_up_by_a_new_one(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.runs = []
    with traded(tmp_path / "data"):
        assert look(restarts, runs) == []
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'live'}"]
    assert look(restarts, runs) == []


def test_a_session_whose_run_was_paused_and_lost_its_process_is_taken_up_by_a_new_one(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("PAUSED", ago=MINUTE)
    with traded(tmp_path / "data"):
        assert look(restarts, runs) == []
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'live'}"]


@pytest.mark.parametrize("state", ["CRASHED", "CANCELLED"])
def test_a_run_whose_deployment_was_removed_leaves_its_session_to_a_new_one(
    state: str, restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs(deployment="d-1")
    runs.removed, runs.is_registered = {"d-1"}, False
    # A worker cancels what it finds no deployment of, however often it is started.
    runs.say(state, ago=MINUTE)
    with traded(tmp_path / "data"):
        pass
    for _ in range(3):
        with pytest.raises(NotRegistered):
            look(restarts, runs)
        assert runs.told == []
    runs.is_registered = True
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'live'}"]


def test_a_new_run_that_waits_for_a_busy_worker_is_not_joined_by_another(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.runs = []
    with traded(tmp_path / "data"):
        pass
    in_the_queue_s = sent_runs.IN_THE_QUEUE.total_seconds()
    assert look(restarts, runs, now=0.0) == ["new trade-session/paper {'market': 'live'}"]
    assert look(restarts, runs, now=in_the_queue_s - 1.0) == []
    # Whatever keeps it there: a session is not left to it for ever.
    assert look(restarts, runs, now=in_the_queue_s) == [
        "new trade-session/paper {'market': 'live'}"
    ]


def test_what_waits_for_what_somebody_set_in_the_page_is_told_once_and_joined_by_no_other(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    restarts = Restarts(Home.at(tmp_path / "data"), said.append)
    runs = Runs()
    runs.runs = []
    with traded(tmp_path / "data"):
        pass
    in_the_queue_s = sent_runs.IN_THE_QUEUE.total_seconds()
    assert look(restarts, runs, now=0.0) == ["new trade-session/paper {'market': 'live'}"]
    runs.kept = "work queue sessions is paused. Resume it"
    for now in (60.0, in_the_queue_s, 5 * in_the_queue_s):
        assert look(restarts, runs, now=now) == []
    assert "new-horse waits, for work queue sessions is paused" in said[-1]
    assert len(said) == 2
    # Resumed, it begins; what does not all the same is followed by another.
    runs.kept = ""
    assert look(restarts, runs, now=5 * in_the_queue_s) == [
        "new trade-session/paper {'market': 'live'}"
    ]


def test_an_account_without_a_deployment_keeps_no_other_from_being_taken_up(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs({"market": "simulated"})
    runs.say("CRASHED", ago=MINUTE)
    runs.is_registered = False
    for account in ("paper", "simulated"):
        with traded(tmp_path / "data", account):
            pass
    with pytest.raises(NotRegistered):
        look(restarts, runs)
    assert runs.told == ["SCHEDULED"]
    runs.is_registered = True
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'live'}"]


def test_a_new_run_that_somebody_deleted_is_no_longer_waited_for(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.runs = []
    with traded(tmp_path / "data"):
        pass
    assert look(restarts, runs, now=0.0) == ["new trade-session/paper {'market': 'live'}"]
    runs.runs = []
    assert look(restarts, runs, now=sent_runs.TAKE_UP_AGAIN_S) == [
        "new trade-session/paper {'market': 'live'}"
    ]


def test_a_run_of_another_day_that_finds_that_out_leaves_the_session_to_a_new_one(
    restarts: Restarts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_runs, "TAKE_UP_AGAIN_S", 0.0)
    monkeypatch.setattr(restarts_module, "FIRST_WAIT", timedelta())
    runs = Runs()
    runs.say("FAILED", ago=timedelta(hours=25))
    with traded(tmp_path / "data"):
        pass
    assert look(restarts, runs) == ["SCHEDULED"]
    runs.say("COMPLETED", ago=timedelta(), message="Skipped: stale")
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'live'}"]


def test_where_a_new_run_refuses_too_that_is_said_once_and_no_more_are_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_runs, "TAKE_UP_AGAIN_S", 0.0)
    said: list[str] = []
    restarts = Restarts(Home.at(tmp_path / "data"), said.append)
    runs = Runs()
    runs.runs = []
    with traded(tmp_path / "data"):
        pass
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'live'}"]
    runs.say("COMPLETED", ago=timedelta(), message="Skipped: closed: NYSE opens next on Monday")
    assert look(restarts, runs) == look(restarts, runs) == []
    assert "NYSE opens next on Monday" in said[-1]
    assert len(said) == 2


def test_the_run_of_another_account_does_not_take_up_a_dry_run(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("COMPLETED", ago=MINUTE)
    with traded(tmp_path / "data", "paper-dry-run"):
        pass
    assert look(restarts, runs) == ["new trade-session/paper {'dry_run': True, 'market': 'live'}"]


def test_a_session_of_simulated_bars_is_taken_up_as_one_and_never_as_paper_money(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs({"market": "live"})
    runs.say("COMPLETED", ago=timedelta(hours=1))
    with traded(tmp_path / "data", "simulated"):
        pass
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'simulated'}"]
    # The run that traded it is started again, not one of the other account.
    runs = Runs({"market": "simulated"})
    runs.say("FAILED", ago=timedelta(minutes=30))
    restarts = Restarts(Home.at(tmp_path / "data"), lambda text: None)
    assert look(restarts, runs) == ["SCHEDULED"]


@pytest.mark.parametrize(
    ("account", "begun"),
    [
        ("alpaca-paper", ["new trade-session/paper {'market': 'live'}"]),
        ("alpaca-paper-shadow", ["new trade-session/paper {'shadow': True, 'market': 'live'}"]),
        # A new run would trade the broker's account, and not this one.
        ("paper", []),
        ("alpaca-live", []),
    ],
)
def test_an_open_session_is_taken_up_only_by_a_run_that_trades_its_account(
    account: str, begun: list[str], tmp_path: Path
) -> None:
    restarts = Restarts(Home.at(tmp_path / "data"), lambda text: None, "alpaca-paper")
    runs = Runs()
    runs.runs = []
    with traded(tmp_path / "data", account):
        pass
    assert look(restarts, runs) == begun


def test_the_run_that_traded_a_brokers_account_is_started_again(tmp_path: Path) -> None:
    restarts = Restarts(Home.at(tmp_path / "data"), lambda text: None, "alpaca-paper")
    runs = Runs({"market": "live"})
    runs.say("FAILED", ago=timedelta(minutes=30))
    with traded(tmp_path / "data", "alpaca-paper"):
        pass
    assert look(restarts, runs) == ["SCHEDULED"]


@pytest.mark.parametrize("state", ["CANCELLED", "CRASHED", "FAILED"])
def test_a_session_that_an_operator_stopped_stays_stopped(
    state: str, restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say(state, ago=MINUTE)
    with traded(tmp_path / "data", stopped=True):
        pass
    assert look(restarts, runs) == look(restarts, runs) == []


def test_what_ended_with_the_supervisor_goes_on_with_it(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "data")
    StoppedRuns(home).remember(RUN_ID)
    StoppedRuns(home).remember("of another flow")
    restarts = Restarts(home, lambda text: None)
    runs = Runs()
    runs.say("CANCELLED", ago=timedelta(hours=1))
    with traded(tmp_path / "data", stopped=True):
        pass
    assert look(restarts, runs) == ["SCHEDULED"]
    # Once: cancelled in the page afterwards it stays away.
    runs.say("CANCELLED", ago=timedelta())
    assert look(restarts, runs) == []


def test_what_goes_on_with_the_supervisor_and_is_killed_before_it_trades_is_started_again(
    tmp_path: Path,
) -> None:
    """The ledger still says that it is to rest, which the supervisor's own end had asked for."""
    home = Home.at(tmp_path / "data")
    StoppedRuns(home).remember(RUN_ID)
    restarts = Restarts(home, lambda text: None)
    runs = Runs()
    runs.say("CANCELLED", ago=timedelta(hours=1))
    with traded(tmp_path / "data", stopped=True):
        pass
    assert look(restarts, runs) == ["SCHEDULED"]
    runs.say("CRASHED", ago=MINUTE)
    assert look(restarts, runs) == ["SCHEDULED"]
    # Nor is the wish forgotten where the supervisor is killed as well.
    runs.say("CRASHED", ago=MINUTE)
    restarts = Restarts(home, lambda text: None)
    assert look(restarts, runs) == ["SCHEDULED"]
    with process_of_the_run(tmp_path / "data"):
        runs.say("RUNNING", ago=TRADES_AFTER)
        assert look(restarts, runs) == []
    # What says so after it has traded is an operator.
    runs.say("CRASHED", ago=MINUTE)
    assert look(restarts, runs) == look(restarts, runs) == []
    assert look(Restarts(home, lambda text: None), runs) == []


def test_what_is_cancelled_while_it_goes_on_stays_away_for_every_supervisor(
    tmp_path: Path,
) -> None:
    home = Home.at(tmp_path / "data")
    StoppedRuns(home).remember(RUN_ID)
    restarts = Restarts(home, lambda text: None)
    runs = Runs()
    runs.say("CANCELLED", ago=timedelta(hours=1))
    with traded(tmp_path / "data", stopped=True):
        pass
    assert look(restarts, runs) == ["SCHEDULED"]
    runs.say("CANCELLED", ago=timedelta())
    assert look(restarts, runs) == []
    assert look(Restarts(home, lambda text: None), runs) == []


def test_what_is_still_ending_when_the_supervisor_is_back_goes_on_once_it_has_ended(
    tmp_path: Path,
) -> None:
    home = Home.at(tmp_path / "data")
    StoppedRuns(home).remember(RUN_ID)
    StoppedRuns(home).remember("other")
    restarts = Restarts(home, lambda text: None)
    runs = Runs()
    runs.say("CANCELLING", ago=MINUTE)
    runs.begun_before(state_type="CANCELLED", message="")
    with traded(tmp_path / "data", stopped=True):
        pass
    with process_of_the_run(tmp_path / "data"):
        assert look(restarts, runs) == ["SCHEDULED"]
        # Cancelled in the page meanwhile, the other one stays away.
        runs.say("CANCELLED", ago=timedelta(), flow_run_id="other")
        assert look(restarts, runs) == []
    runs.say("CANCELLED", ago=timedelta(seconds=1))
    assert look(restarts, runs) == []
    assert look(restarts, runs) == ["SCHEDULED"]
    assert look(restarts, runs) == []
    assert runs.run.state_type == "SCHEDULED"
    assert StoppedRuns(home).ids() == {RUN_ID}


def test_what_the_server_could_not_be_told_goes_on_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.at(tmp_path / "data")
    StoppedRuns(home).remember(RUN_ID)
    restarts = Restarts(home, lambda text: None)
    runs = Runs()
    runs.say("CANCELLED", ago=timedelta(hours=1))
    with traded(tmp_path / "data", stopped=True):
        pass

    def silent(*told: str) -> None:
        raise SourceUnavailable("no answer", "Try again")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "force", silent)
        with pytest.raises(SourceUnavailable):
            look(restarts, runs)
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_full_disk_keeps_no_session_from_going_on(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "data")
    StoppedRuns(home).remember(RUN_ID)
    StoppedRuns(home).remember("of another flow")
    # What cannot be written here cannot be written by anybody, whoever runs this.
    (home.prefect / "stopped_runs.new").mkdir()
    restarts = Restarts(home, lambda text: None)
    runs = Runs()
    runs.say("CANCELLED", ago=timedelta(hours=1))
    with traded(tmp_path / "data", stopped=True):
        pass
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_run_that_met_bad_input_leaves_the_session_to_a_new_one(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("FAILED", ago=MINUTE, message=f"{BAD_INPUT}: begun with other symbols")
    assert look(restarts, runs) == []
    with traded(tmp_path / "data"):
        pass
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'live'}"]
    assert look(restarts, runs) == []


OF_OTHERS: dict[str, dict[str, Any]] = {
    "a replay without its day": {
        "state_type": "FAILED",
        "message": f"{BAD_INPUT}: needs a date",
        "tags": ("openbell", "replay"),
    },
    "a replay that runs": {"state_type": "RUNNING", "message": "", "tags": ("replay",)},
    "bad input": {"state_type": "FAILED", "message": f"{BAD_INPUT}: begun with other symbols"},
    "a second start": {"state_type": "COMPLETED", "message": f"{SKIPPED}: account is traded by 17"},
}


@pytest.mark.parametrize("kind", OF_OTHERS)
def test_what_another_run_says_keeps_no_session_from_its_own(
    kind: str, restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("CRASHED", ago=MINUTE)
    runs.begun_before(**OF_OTHERS[kind])
    with traded(tmp_path / "data"):
        pass
    assert look(restarts, runs) == ["SCHEDULED"]
    assert runs.run.state_type == "SCHEDULED"


def test_the_run_that_was_seen_to_trade_goes_before_a_newer_one(
    restarts: Restarts, tmp_path: Path
) -> None:
    runs = Runs()
    runs.say("RUNNING", ago=timedelta(hours=1))
    with traded(tmp_path / "data"), process_of_the_run(tmp_path / "data"):
        assert look(restarts, runs) == []
    runs.begun_before(state_type="CRASHED", message="")
    assert look(restarts, runs) == []
    assert look(restarts, runs) == ["SCHEDULED"]
    assert runs.run.state_type == "SCHEDULED"


def test_what_refused_once_is_taken_up_when_somebody_mended_and_retried_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_runs, "TAKE_UP_AGAIN_S", 0.0)
    said: list[str] = []
    restarts = Restarts(Home.at(tmp_path / "data"), said.append)
    runs = Runs()
    runs.runs = []
    with traded(tmp_path / "data"):
        pass
    assert look(restarts, runs) == ["new trade-session/paper {'market': 'live'}"]
    runs.say("FAILED", ago=timedelta(), message=f"{BAD_INPUT}: no such strategy")
    assert look(restarts, runs) == look(restarts, runs) == []
    assert "no such strategy" in said[-1]
    runs.say("CRASHED", ago=timedelta())
    assert look(restarts, runs) == ["SCHEDULED"]


def test_a_run_that_failed_before_its_session_began_is_started_again(restarts: Restarts) -> None:
    runs = Runs()
    runs.say("FAILED", ago=MINUTE, message="Flow run encountered an exception: ReadTimeout")
    assert look(restarts, runs) == ["SCHEDULED"]
    runs.say("FAILED", ago=timedelta(hours=5), message="Flow run encountered an exception")
    assert look(restarts, runs) == []


def test_a_session_whose_time_is_over_is_left_alone(
    restarts: Restarts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs()
    runs.say("COMPLETED", ago=MINUTE)
    monkeypatch.setattr(sys.modules[__name__], "HOUR_US", 0)
    with traded(tmp_path / "data"):
        pass
    assert look(restarts, runs) == []
