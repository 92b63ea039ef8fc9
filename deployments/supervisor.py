"""The server and the worker of one data folder: started, kept alive and stopped together."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from blocks.process.files.private_files import close_to_others
from blocks.process.stop_request import StopRequest
from deployments.processes import marked as processes
from deployments.processes.api_server import ApiServer
from deployments.processes.backoff import Backoff
from deployments.processes.child import Child, rotate
from deployments.processes.home import PREFECT_FILE, Home, Say
from deployments.runs.control_thread import ControlThread
from deployments.runs.dead_runs import DeadRuns
from deployments.runs.restarts import Restarts
from deployments.runs.runs import CANCEL_GRACE_S, cancel_runs
from deployments.runs.stopped_runs import StoppedRuns
from deployments.server.prefect_api import NotRegistered
from deployments.server.prefect_connection import ServerRefused, ServerSilent
from deployments.server.server import (
    ASK_AGAIN_S,
    START_LIMIT_S,
    STOP_GRACE_S,
    Server,
    start_server,
    use_server,
)
from deployments.server.worker import start_worker
from trading.errors import OpenbellError, SourceUnavailable

REGISTER_LIMIT_S = 180.0
# On a busy machine, as one that has just been started: who ends instead leaves a session that is
# open to nobody.
FIRST_REGISTER_LIMIT_S = 1800.0
# What `register` is asked by nobody else.
FOLLOW = "--only-follow-moved-folder"
TELL = "--tell-what-accounts-refuse"
MISSED_AFTER = timedelta(minutes=10)
# The tags in prefect.yaml of what is worth nothing later.
OPERATIONS = ("openbell", "operations")
# A late session says so itself; those of earlier days would all say it at once.
SESSIONS = ("openbell", "paper")
SESSION_OVER_AFTER = timedelta(hours=26)
# A deployment that somebody removed is made anew for a session that needs it, and not oftener.
REGISTER_AGAIN_S = 300.0


class Supervisor:
    """Owns the server and the worker of a data folder that it holds, and the API where asked to.

    `shutdown_s` is how long flow runs have to end when it stops; `names` are more names by which
    the server may be asked.
    """

    def __init__(
        self,
        home: Home,
        say: Say,
        should_stop: StopRequest,
        prefect_file: Path = PREFECT_FILE,
        shutdown_s: float = CANCEL_GRACE_S,
        api_server: ApiServer | None = None,
        names: Collection[str] = (),
        broker: str = "",
    ) -> None:
        self.home = home
        self.prefect_file = prefect_file
        self.say = say
        self.should_stop = should_stop
        self.restarts_sessions = True
        self.server: Server
        self.worker: Child
        self._server_elsewhere = home.asks_elsewhere()
        self._backoff = Backoff()
        self._dead_runs = DeadRuns(home, say)
        self._restarts = Restarts(home, say, broker)
        self._control = ControlThread(home, say, lambda: self.server, broker)
        self._trouble = ""
        # Of deployments and blocks: its server's database was removed.
        self._knows_nothing = False
        self._register_again_at = 0.0
        self._shutdown_s = shutdown_s
        self._api_server = api_server
        self._names = names

    @property
    def api_url(self) -> str:
        """Return the address of the server's API."""
        return self.server.api_url

    @contextmanager
    def running(self) -> Iterator[Supervisor]:
        """Run server and worker while the context lasts; leave nothing behind."""
        with self.home.hold():
            self._end_leftovers()
            for path in close_to_others(self.home.data_dir)[:1]:
                self.say(f"{path} belongs to another user, and others may read it")
            try:
                if self._server_elsewhere is not None:
                    self.server = use_server(self._server_elsewhere, self.say, self.should_stop)
                else:
                    self.server = start_server(self.home, self.should_stop, self._names)
                self._once_it_answers(self._clear_up)
                # Before a worker takes a run that trades in the old place.
                self._once_it_answers(self._follow_moved_folder)
                self.worker = start_worker(self.home, self.api_url)
                self._control.start()
                if self._api_server is not None:
                    self._api_server.start()
                yield self
            finally:
                self._control.stop()
                self.stop()

    def register(self, overwrite: bool = False, limit_s: float = REGISTER_LIMIT_S) -> None:
        """Register blocks and deployments, in a process of its own that may import the flows.

        An account that refuses the settings is told of, and keeps nothing down: what it has open
        is looked after. Raises SourceUnavailable where it fails or takes longer than `limit_s`.
        """
        self._register([TELL, *["--overwrite"] * overwrite], limit_s)

    def _once_it_answers(self, step: Callable[[], None]) -> None:
        """Do a step of the start, again while a server of our own lives and has no time for it."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                step()
            except ServerSilent:
                child = self.server.child
                is_only_busy = child is not None and child.exit_code is None
                if not is_only_busy or self.should_stop() or time.monotonic() >= deadline:
                    raise
                self.should_stop.pause(ASK_AGAIN_S)
            else:
                return

    def _follow_moved_folder(self) -> None:
        """Tell a server of our own where the folder is, if its ledger block names another place.

        Raises SourceUnavailable when that fails: nothing may run in the old place.
        """
        if self.server.child is None:
            return
        api = self.server.connect()
        try:
            ledger = api.ledger_folder()
        except ServerRefused as error:
            raise SourceUnavailable(error.what, error.hint) from error
        finally:
            api.close()
        if self.home.left_places() or ledger not in (None, str(self.home.data_dir)):
            self._register([FOLLOW], FIRST_REGISTER_LIMIT_S)

    def _register(self, options: list[str], limit_s: float) -> None:
        command = [sys.executable, "-m", "deployments", "register"]
        command += ["--data-dir", str(self.home.data_dir)]
        command += ["--prefect-file", str(self.prefect_file), *options]
        log = self.home.logs / "register.log"
        log.unlink(missing_ok=True)
        child = Child.start(command, self.home.environment(self.api_url), log)
        self._await(child, limit_s)
        # All of it: what it did to a risk must not be cut off by what was said behind it.
        lines = child.lines()
        if child.exit_code != 0:
            last = lines[-1] if lines else f"exit code {child.exit_code}"
            raise SourceUnavailable(
                f"registration failed: {last.removeprefix('error: ')}", f"See {log}"
            )
        for line in lines:
            self.say(line)

    def _await(self, child: Child, limit_s: float) -> None:
        """Wait until a registration has ended, and say that it takes long."""
        began = time.monotonic()
        told = 0
        while child.exit_code is None:
            waited_s = time.monotonic() - began
            if self.should_stop() or waited_s > limit_s:
                child.stop(STOP_GRACE_S)
                raise SourceUnavailable(
                    f"registration was stopped after at most {limit_s:.0f} s",
                    f"See {self.home.logs / 'server.log'}",
                )
            if waited_s > (told + 1) * REGISTER_LIMIT_S:
                told += 1
                self.say(
                    f"Registration has taken {waited_s:.0f} s so far and is waited for: the"
                    " machine is busy with something else"
                )
            self.should_stop.pause(0.2)

    def tend(self) -> None:
        """Start a server or worker again that has died, after a wait, and trim the logs."""
        for log in self.home.logs.glob("*.log"):
            rotate(log)
        if self._api_server is not None:
            self._api_server.tend()
        self._end_server_without_database()
        server_died = self.server.child is not None and self.server.child.exit_code is not None
        worker_died = self.worker.exit_code is not None
        if not server_died and not worker_died:
            self._look_at_runs()
            return
        names = " and ".join(["server"] * server_died + ["worker"] * worker_died)
        wait_s = self._backoff.next_wait(time.monotonic())
        self.say(f"Died: {names}. Starting again in {wait_s:.0f} s; see {self.home.logs}")
        self.should_stop.pause(wait_s)
        try:
            if server_died and not self.should_stop():
                self._replace_server()
                if self._knows_nothing:
                    self.register()
                    self._knows_nothing = False
            if self.worker.exit_code is not None and not self.should_stop():
                self._clear_up()
                self.worker = start_worker(self.home, self.api_url)
        except SourceUnavailable as error:
            self.say(str(error))
            return
        self.say(f"Started again: {names}")

    def _end_server_without_database(self) -> None:
        """End a server whose database was removed: it answers nobody, until it makes another.

        A session that is traded goes on: its orders and positions are in its ledger.
        """
        server = self.server
        if server.child is None or server.database is None or not server.database.is_gone():
            return
        self.say(
            "The database of Prefect's server was removed: it begins anew, and what its page showed"
            " of earlier runs is gone. Accounts are not touched"
        )
        server.child.stop(STOP_GRACE_S)
        server.database = None
        self._knows_nothing = True

    def _replace_server(self) -> None:
        server = start_server(self.home, self.should_stop, self._names)
        moved = server.api_url != self.api_url
        self.server = server
        if moved and self.worker.exit_code is None:
            # Killed, not asked: a worker that is asked takes its flow runs with it.
            self.worker.process.kill()
            self.worker.process.wait()

    def stop(self) -> None:
        """Cancel the flow runs of this machine, then end worker, server and whatever is left."""
        if hasattr(self, "server"):
            api = self.server.connect()
            remember = StoppedRuns(self.home).remember
            cancel_runs(api, self.home.data_dir, self.say, self._shutdown_s, remember)
            api.close()
        if hasattr(self, "worker"):
            self.worker.stop(STOP_GRACE_S)
        if self._api_server is not None:
            self._api_server.stop()
        remaining = processes.marked_processes(self.home.data_dir)
        server = self.server.child if hasattr(self, "server") else None
        server_pid = None if server is None else server.pid
        # Before the server: what ends politely still wants to report.
        processes.end([p for p in remaining if p.pid != server_pid], STOP_GRACE_S)
        if server is not None:
            server.stop(STOP_GRACE_S)
        processes.end(processes.marked_processes(self.home.data_dir), STOP_GRACE_S)

    def _clear_up(self) -> None:
        """Correct what an earlier life left at the server, before a worker takes runs from it.

        Raises SourceUnavailable when the server does not answer: no worker is of use then.
        """
        api = self.server.connect()
        try:
            is_own_server = self.server.child is not None
            self._dead_runs.release(api, is_own_server=is_own_server, now=time.monotonic())
            # A weekend's look-ups of health, all at once now, would be of no use to anybody.
            due_before = datetime.now(UTC) - MISSED_AFTER
            missed = api.cancel_missed(OPERATIONS, due_before, "Nothing ran here when it was due")
            over_before = datetime.now(UTC) - SESSION_OVER_AFTER
            missed += api.cancel_missed(SESSIONS, over_before, "Its session is over")
            if missed:
                self.say(f"{missed} runs that were due while nothing ran here are left out")
        except ServerRefused as error:
            self.say(str(error))
        finally:
            api.close()

    def _look_at_runs(self) -> None:
        now = time.monotonic()
        if not self._dead_runs.are_due(now) and not self._restarts.are_due(now):
            return
        is_own_server = self.server.child is not None
        api = self.server.connect()
        try:
            if self._dead_runs.are_due(now):
                self._dead_runs.look_again(api, now)
            self._dead_runs.watch(api, now, is_own_server=is_own_server)
            if self.restarts_sessions:
                self._restarts.look(api, now, is_own_server=is_own_server)
            self._trouble = ""
        except NotRegistered as error:
            self._register_again(error, now)
        except OpenbellError as error:
            # A server that stays away is told of once.
            if str(error) != self._trouble:
                self.say(str(error))
            self._trouble = str(error)
        finally:
            api.close()

    def _register_again(self, error: NotRegistered, now: float) -> None:
        """Make the deployments anew: an open session is not to wait for somebody who does so."""
        if now < self._register_again_at:
            return
        self._register_again_at = now + REGISTER_AGAIN_S
        self.say(f"{error.what}: registering again")
        try:
            self.register()
        except SourceUnavailable as failure:
            self.say(str(failure))

    def _end_leftovers(self) -> None:
        """End the server and worker of a supervisor of this folder that was itself killed.

        The flow runs go on: they report to the same port again, and finish.
        """
        left = [p for p in processes.marked_processes(self.home.data_dir) if not p.flow_run_id]
        if not left:
            return
        self.say(f"Ending {len(left)} processes that an earlier supervisor left behind")
        # A worker that is asked to end takes its flow runs with it, one that is killed does not.
        processes.kill(p for p in left if " worker start " in p.command)
        processes.end(left, STOP_GRACE_S)
