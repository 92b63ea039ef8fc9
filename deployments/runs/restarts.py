"""Sessions that died are started again: an open position must not wait for tomorrow's run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from blocks.account.names import DRY_RUN, PAPER, SHADOW, SIMULATED, begun_on_simulated_bars
from deployments.processes.home import Home, Say
from deployments.runs.open_accounts import OpenAccounts, Standing
from deployments.runs.run_account import account_of
from deployments.runs.runs import run_processes
from deployments.runs.sent_runs import ON_ITS_WAY, SentRuns
from deployments.runs.stopped_runs import StoppedRuns
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from deployments.server.prefect_connection import ServerRefused
from flows.process.run_names import SESSION_FLOW
from flows.process.words import BAD_INPUT, REPLAY_TAG, SKIPPED
from trading.errors import BadInput, OpenbellError, StoreUnavailable

# What trades an account that no run of today's is known of.
DEPLOYMENT = "trade-session/paper"
LOOK_EVERY_S = 5.0
# After an account has lost its holder: its run is started again at the look after that one.
LOOK_AGAIN_S = 2.0
# Longer ago it was another day's session; the flow itself knows whether its session is over.
NOT_OLDER_THAN = timedelta(hours=26)
# A run that failed so long ago and left no session open has had its time.
FAILED_LATELY = timedelta(minutes=15)
FIRST_WAIT = timedelta(seconds=2)
# A process that lives so long after its run was said to have ended is at work, not ending.
LIVES_AFTER = timedelta(seconds=20)
LONGEST_WAIT = timedelta(minutes=5)
# A run that is under way so long has warmed up, and trades.
TRADES_AFTER = timedelta(minutes=3)
# Prefect's own words for parameters that a flow does not take.
_REFUSED_BY_PREFECT = "Validation of flow parameters failed"


class Restarts:
    """Starts sessions of this data folder again that ended without an operator's wish.

    What the session had done is in its ledger, so the same run goes on where it was. A session
    that is open there and has no holder is taken up whatever Prefect says of its run: by the one
    that was seen to trade it, else by the last that did not refuse, else by a new one. Runs that
    died before their session began are started again, each time after a longer wait, unless they
    met bad input. A replay belongs to whoever watches it.

    `broker` is what the account at the broker of the settings is called, empty without one.

    Prefect tells a killed process's end twice, seconds apart, and the second report may come when
    the run has been started again: it is taken back, for the run is alive. Nor is a run started
    that still has a process, or had one at the look before.
    """

    def __init__(self, home: Home, say: Say, broker: str = "") -> None:
        self._home = home
        self._broker = broker
        self._say = say
        self._next_look = 0.0
        self._accounts = OpenAccounts(home.data_dir, say)
        self._stopped = StoppedRuns(home)
        # How often each run was started again. Prefect counts only those that came to run.
        self._starts: dict[str, int] = {}
        self._alive: set[str | None] = set()
        self._refused: set[str] = set()
        self._sent = SentRuns(self._say_once)
        # By account: the run that was its holder's when one was seen, and the newest made for it.
        self._traders: dict[str, str] = {}
        self._new_runs: dict[str, str] = {}
        self._cancelled: set[str] = set()
        self._said: set[str] = set()

    def are_due(self, now: float) -> bool:
        """Return whether it is time to look for sessions that ended; `now` is monotonic.

        At once when an account has lost its holder: it costs nothing to ask, and the look after
        that one may act.
        """
        return now >= self._next_look or self._accounts.have_lost_a_holder()

    def look(self, api: PrefectApi, now: float, *, is_own_server: bool) -> None:
        """Start again what is to be started again now.

        Raises NotRegistered where a new run has no deployment, SourceUnavailable and ServerRefused.
        """
        has_lost = self._accounts.have_lost_a_holder()
        self._next_look = now + (LOOK_AGAIN_S if has_lost else LOOK_EVERY_S)
        moment = datetime.now(UTC)
        runs = [
            run
            for run in api.begun_runs(SESSION_FLOW, moment - NOT_OLDER_THAN)
            # Also of an earlier container of this folder: its run has crashed, so it is gone.
            if (is_own_server or (run.worker or "").endswith(f"-{self._home.identity}"))
            and not _is_replay(run)
        ]
        alive_before = self._alive
        self._alive = {process.flow_run_id for process in run_processes(self._home.data_dir)}
        idle = [run for run in runs if run.id not in self._alive | alive_before]
        for run in runs:
            self._take_back(api, run, moment)
            is_alive = run.state_type == "RUNNING" and run.id in self._alive
            if is_alive and run.has_been_so_for(TRADES_AFTER, moment):
                self._stopped.forget(run.id)
        standings = self._accounts.look(moment)
        went_on = self._go_on(api, runs, idle)
        trouble: OpenbellError | None = None
        for run in idle:
            standing = standings.get(self._account_of(run) or "", Standing.IDLE)
            # That a run on its way is to rest was said by our own stop.
            is_on_its_way = self._stopped.is_on_its_way(run.id)
            is_to_rest = standing is Standing.RESTING and not is_on_its_way
            is_dead = standing in (Standing.IDLE, Standing.RESTING) and not is_to_rest
            if is_dead and run not in went_on and self._is_due(run, moment):
                self._start_again(api, run)
        for account, standing in standings.items():
            of_account = [run for run in runs if self._account_of(run) == account]
            if standing is not Standing.LOST:
                self._sent.forget(account)
                if standing is not Standing.HELD:
                    # A run that refuses may hold the account for a moment.
                    self._new_runs.pop(account, None)
                alive = [run.id for run in of_account if run.id in self._alive]
                if standing is Standing.HELD and len(alive) == 1:
                    self._traders[account] = alive[0]
            elif all(run in idle for run in of_account) and not any(
                _is_in_hand(run, moment) for run in of_account
            ):
                try:
                    self._take_up(
                        api, account, of_account, now, moment, is_own_server=is_own_server
                    )
                except (BadInput, ServerRefused, StoreUnavailable) as error:
                    # What is asked of one account keeps no other waiting.
                    trouble = trouble or error
        if trouble is not None:
            raise trouble

    def _take_back(self, api: PrefectApi, run: FlowRun, moment: datetime) -> None:
        """Say that a run lives that we started again and that was reported dead too late."""
        if run.state_type not in ("CRASHED", "FAILED"):
            return
        is_at_work = run.has_been_so_for(LIVES_AFTER, moment)
        if is_at_work and run.id in self._alive and run.id in self._starts:
            api.force(run.id, "RUNNING", "Its process is alive")

    def _go_on(self, api: PrefectApi, runs: list[FlowRun], idle: list[FlowRun]) -> list[FlowRun]:
        """Start again what ended only because this supervisor's earlier life was stopped.

        Returns what was. It is remembered until it trades: this life, too, may end before.
        """
        for run in runs:
            if self._stopped.is_on_its_way(run.id) and run.state_type in ("CANCELLED", "COMPLETED"):
                # By an operator, or its session is over.
                self._stopped.forget(run.id)
        went_on = [run for run in idle if run.is_final and self._stopped.waits(run.id)]
        for run in went_on:
            self._start_again(api, run)
            self._stopped.went_on(run.id)
        # What has not begun lately is of another day, or of no session.
        self._stopped.forget_all_waiting_but({run.id for run in runs})
        return went_on

    def _is_due(self, run: FlowRun, moment: datetime) -> bool:
        # Of a time that is still to come, too: rather tried again than lost.
        since = datetime.fromisoformat(run.since)
        has_failed_lately = run.state_type == "FAILED" and since + FAILED_LATELY > moment
        if run.state_type != "CRASHED" and not (has_failed_lately and not met_bad_input(run)):
            return False
        return run.has_been_so_for(wait_after(self._starts.get(run.id, 0)), moment)

    def _take_up(
        self,
        api: PrefectApi,
        account: str,
        runs: list[FlowRun],
        now: float,
        moment: datetime,
        *,
        is_own_server: bool,
    ) -> None:
        """Have an open session traded again that nobody trades; `runs` are its account's."""
        if self._sent.are_awaited(api, account, now):
            return
        # What refused, or was not for this session, says nothing of those that did neither.
        able = [run for run in runs if not self._is_of_no_use(run, account)]
        able.sort(key=lambda run: run.id != self._traders.get(account))
        may_begin = is_own_server and self._would_trade(account)
        # Nothing is newer than the run that was made for it, and that one refused too.
        is_hopeless = bool(runs) and runs[0].id == self._new_runs.get(account)
        if able and able[0].was_cancelled_by_limit:
            self._say_once(
                f"The session of account {account} is open and is not taken up: run {able[0].name}"
                " was cancelled by its deployment's concurrency limit, and is sent again. Raise or"
                " remove the limit in Prefect's page"
            )
            if not able[0].has_been_so_for(wait_after(self._starts.get(able[0].id, 0)), moment):
                return
        if able and self._was_cancelled_again(able[0]):
            self._say_once(
                f"The session of account {account} is open and is not taken up: run"
                f" {able[0].name} was cancelled again and did not leave it. Retry the run to go on"
            )
        elif able and self._start_again(api, able[0]):
            self._sent.note(account, able[0], now)
        elif may_begin and not is_hopeless:
            parameters: dict[str, Any] = {"dry_run": True} if account.endswith(DRY_RUN) else {}
            if account.endswith(SHADOW):
                parameters["shadow"] = True
            # The settings of now may ask for bars of the other kind, whose account is another.
            is_simulated = account.startswith(SIMULATED) or begun_on_simulated_bars(
                self._home.data_dir, account
            )
            parameters["market"] = "simulated" if is_simulated else "live"
            new = api.start_run(DEPLOYMENT, parameters)
            self._say(f"The session of account {account} is open: run {new.name} takes it up")
            self._new_runs[account] = new.id
            self._sent.note(account, new, now)
        elif runs and not able:
            self._say_once(
                f"The session of account {account} is open and is not taken up: run"
                f" {runs[0].name} says {runs[0].message}"
            )

    def _is_of_no_use(self, run: FlowRun, account: str) -> bool:
        """Return whether a run would say the same again, while nobody mends or retries it."""
        is_over = run.state_type == "COMPLETED"
        was_skipped = is_over and run.message.startswith(SKIPPED)
        was_ours = run.id in self._starts or run.id == self._new_runs.get(account)
        is_refused = run.id in self._refused
        return is_refused or met_bad_input(run) or was_skipped or (is_over and was_ours)

    def _was_cancelled_again(self, run: FlowRun) -> bool:
        """Return whether a cancelled run had its one more start, or take note that it has it now.

        A cancel is a wish. It may also be of a time before the session, or have come to a process
        that could write nothing: so a session is not left alone for the first one.
        """
        if run.state_type != "CANCELLED" or run.was_cancelled_by_limit:
            return False
        had_its_start = run.id in self._cancelled
        self._cancelled.add(run.id)
        return had_its_start

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._say(line)

    def _start_again(self, api: PrefectApi, run: FlowRun) -> bool:
        if run.id in self._refused or not self._is_in_its_place(api, run):
            return False
        if not api.is_deployed(run):
            self._refused.add(run.id)
            self._say(
                f"Session {run.name} is {run.state_name} and is not started again: its deployment"
                " was removed"
            )
            return False
        self._say(f"Session {run.name} is {run.state_name} and is started again")
        self._starts[run.id] = self._starts.get(run.id, 0) + 1
        api.crash_subflows(run.id)
        api.force(run.id, "SCHEDULED", "Started again by the supervisor, where its journal ends")
        return True

    def _account_of(self, run: FlowRun) -> str | None:
        """Return the account of this folder that a run trades, None where it trades elsewhere."""
        return account_of(run, self._home.data_dir, self._broker)

    def _would_trade(self, account: str) -> bool:
        """Return whether a new run, with the settings of now, trades an account."""
        if self._broker:
            return account.removesuffix(SHADOW) == self._broker
        return account.removesuffix(DRY_RUN) in (PAPER, SIMULATED)

    def _is_in_its_place(self, api: PrefectApi, run: FlowRun) -> bool:
        """Return whether a run trades in this folder, or in what its deployment is given."""
        folder = run.parameters.get("data_dir")
        if folder in (None, "", str(self._home.data_dir)):
            return True
        if run.deployment is not None and api.deployment_folder(run.deployment) == folder:
            return True
        self._refused.add(run.id)
        self._say(
            f"Session {run.name} is {run.state_name} and is not started again: it trades in"
            f" {folder}, which is not {self._home.data_dir}. Start trade-session anew in the UI"
        )
        return False


def met_bad_input(run: FlowRun) -> bool:
    """Return whether a run failed for what a person must mend."""
    words = (BAD_INPUT, _REFUSED_BY_PREFECT)
    return run.state_type == "FAILED" and run.message.startswith(words)


def _is_replay(run: FlowRun) -> bool:
    return bool(run.parameters.get("replay")) or REPLAY_TAG in run.tags


def _is_in_hand(run: FlowRun, moment: datetime) -> bool:
    """Return whether a worker is about to begin a run, or its end to be written down."""
    is_between = run.state_type in ("PENDING", "CANCELLING")
    return is_between and not run.has_been_so_for(ON_ITS_WAY, moment)


def wait_after(starts: int) -> timedelta:
    """Return how long a run rests that has been started again so often."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(starts, 20)
    return min(doubled, LONGEST_WAIT)
