"""The operator's halt, flatten and resume that were clicked in Prefect's page."""

from __future__ import annotations

import math
import shlex
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from blocks.account.operator_word import leave_word_apart
from blocks.process.secret_mask import MASK
from deployments.processes.home import REPOSITORY, Home, Say
from deployments.runs.upcoming_names import UpcomingNames
from deployments.server.flow_run import FlowRun
from deployments.server.last_write import Stamp, last_write
from deployments.server.prefect_api import PrefectApi
from deployments.server.prefect_connection import ServerRefused
from deployments.server.server import Server
from deployments.server.worker import CONTROL_POOL, worker_name
from flows.process.run_names import control_name
from flows.process.words import failure_line
from trading.errors import BadInput, OpenbellError, SourceUnavailable

LOOK_EVERY_S = 1.0
# Where nothing was written at the server: a run may have been told to begin later.
LOOK_ANYWAY_S = 4.0
SAY_SERVED_EVERY_S = 20.0
# Who serves another folder at the same server takes what is for it within this time.
ANOTHER_HAS = timedelta(seconds=10)
STOP_GRACE_S = 5.0


class ControlRuns:
    """Does the runs of the control pool that are for this data folder.

    A run is claimed before anything is done, and its command is written once for each time that
    it was started: whoever comes after a death between the two, or between the command and its
    report, does the rest.
    """

    def __init__(self, home: Home, say: Say) -> None:
        self._home = home
        self._say = say
        self._commands: dict[str, str] = {}

    def look(self, api: PrefectApi) -> None:
        """Do what is due now, in the order in which it was asked for."""
        now = datetime.now(UTC)
        for run in api.due_runs(CONTROL_POOL, now):
            if run.worker is not None:
                continue
            if self._is_ours(run):
                self._do(api, run)
            elif run.state_type == "SCHEDULED" and run.is_due_for(ANOTHER_HAS, now):
                self._refuse(api, run)

    def _is_ours(self, run: FlowRun) -> bool:
        given = run.parameters.get("data_dir")
        if not given:
            return True
        try:
            # As a flow run would take it, which works in the repository.
            return (REPOSITORY / Path(given).expanduser()).resolve() == self._home.data_dir
        except (OSError, RuntimeError, TypeError, ValueError):
            return False

    def _refuse(self, api: PrefectApi, run: FlowRun) -> None:
        """Answer what is for a folder that nobody serves at this server: it would wait for ever."""
        command, given = self._command_of(api, run), str(run.parameters["data_dir"])
        error = BadInput(
            f"nobody serves the data folder {given} at this server, but {self._home.data_dir}",
            f"Leave data_dir empty, or run: python -m flows {command} --data-dir"
            f" {shlex.quote(given)}",
        )
        said = MASK.text(failure_line(error))
        if api.move(run.id, "FAILED", said):
            self._say(f"From Prefect's page: {command} is not done. {said}")

    def _do(self, api: PrefectApi, run: FlowRun) -> None:
        """Take a run from where it is to its end; one that another has claimed is left to it."""
        if run.state_type == "SCHEDULED" and not api.move(run.id, "PENDING"):
            return
        if run.state_type != "RUNNING" and not api.move(run.id, "RUNNING"):
            return
        run = api.read_run(run.id)
        command = self._command_of(api, run)
        parameters = run.parameters
        account, reason = parameters.get("account") or None, parameters.get("reason") or ""
        now = datetime.now(UTC)
        origin = f"{run.id} {run.run_count}"
        try:
            left = leave_word_apart(self._home.data_dir, account, command, reason, now, origin)
            account, said, state = left.account, left.said, "COMPLETED"
        except OpenbellError as error:
            said, state = MASK.text(failure_line(error)), "FAILED"
        api.rename(run.id, control_name(command, account))
        api.move(run.id, state, said)
        self._say(f"From Prefect's page: {said}")

    def _command_of(self, api: PrefectApi, run: FlowRun) -> str:
        deployment = run.deployment or ""
        if deployment not in self._commands:
            self._commands[deployment] = api.deployment_name(deployment)
        return self._commands[deployment]


class ControlThread:
    """Looks for control runs about once a second, whatever else a supervisor waits for.

    A server of our own is only asked when something was written there, or four seconds went by.

    Beside them it gives upcoming runs their names, which nobody waits for.
    """

    def __init__(self, home: Home, say: Say, server: Callable[[], Server]) -> None:
        self._runs = ControlRuns(home, say)
        self._names = UpcomingNames(home)
        self._server = server
        self._say = say
        self._worker = worker_name(home)
        self._say_served_at = -math.inf
        self._was_served = False
        self._trouble = ""
        self._home = home
        self._written: Stamp | None = None
        self._look_at = -math.inf
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End after the command that is being done; what is not done stays scheduled."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join(STOP_GRACE_S)

    def _serve(self) -> None:
        server: Server | None = None
        api: PrefectApi | None = None
        while not self._is_over.wait(LOOK_EVERY_S):
            try:
                if api is None or server is not self._server():
                    server = self._server()
                    api = server.connect()
                    api.hurry()
                if not self._is_time(server, time.monotonic()):
                    continue
                self._runs.look(api)
                self._names.look(api, time.monotonic())
                self._say_served(api, time.monotonic())
                self._trouble = ""
                self._look_at = time.monotonic() + LOOK_ANYWAY_S
            except SourceUnavailable:
                # The supervisor says that a server is away; what was clicked waits there.
                continue
            except ServerRefused as error:
                # Busy: the next look is in a second.
                if error.status != httpx.codes.SERVICE_UNAVAILABLE:
                    self._say_once(str(error))
            except OpenbellError as error:
                self._say_once(str(error))
            except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
                # An answer that is not Prefect's: the next halt is heard all the same.
                self._say_once(f"{type(error).__name__}: {error}")
        if api is not None:
            api.close()

    def _is_time(self, server: Server | None, now: float) -> bool:
        is_own = server is not None and server.child is not None
        # Before the question: what is written meanwhile is looked for again.
        written = last_write(self._home) if is_own else None
        if written is not None and written == self._written and now < self._look_at:
            return False
        # Again in a second, unless the look comes to its end.
        self._written, self._look_at = written, -math.inf
        return True

    def _say_served(self, api: PrefectApi, now: float) -> None:
        if now < self._say_served_at:
            return
        self._say_served_at = now + SAY_SERVED_EVERY_S
        try:
            api.say_served(CONTROL_POOL, self._worker, SAY_SERVED_EVERY_S)
            self._was_served = True
        except ServerRefused as error:
            # A server that is busy, or whose pools are being registered, shows the pool red for a
            # while; what is clicked is heard all the same, but where somebody removed it.
            if error.status == httpx.codes.NOT_FOUND and self._was_served:
                raise

    def _say_once(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._say(f"Halt and flatten of Prefect's page are not heard: {trouble}")
        self._trouble = trouble
