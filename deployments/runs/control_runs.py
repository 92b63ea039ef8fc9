"""The operator's halt, flatten and resume that were clicked in Prefect's page."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

from blocks.account.operator_word import leave_word_apart
from blocks.process.secret_mask import MASK
from deployments.processes.home import REPOSITORY, Home, Say
from deployments.server.flow_run import FlowRun
from deployments.server.prefect_api import PrefectApi
from deployments.server.worker import CONTROL_POOL
from flows.process.run_names import control_name
from flows.process.words import failure_line
from trading.errors import BadInput, OpenbellError

# Who serves another folder at the same server takes what is for it within this time.
ANOTHER_HAS = timedelta(seconds=10)


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
            f"Leave data_dir empty, or run: openbell {command} --data-dir {shlex.quote(given)}",
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
