"""The few calls that a supervisor makes to a Prefect server, without importing Prefect."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx

from deployments.server.flow_run import FINAL_STATES, FlowRun, read_flow_run
from deployments.server.prefect_connection import PATIENT_PAUSES_S, PrefectConnection, ServerRefused
from trading.errors import BadInput

ABOUT_PARAMETERS = frozenset({400, 409, 422})
UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")
REGISTER = "Run: openbell register"
# As blocks.saved names them, which imports Prefect.
LEDGER_BLOCK = "block_types/slug/openbell-ledger/block_documents/name/openbell"


class NotRegistered(BadInput):
    """A deployment or its work pool is not at a server: it was removed, or never made."""


class PrefectApi(PrefectConnection):
    """A Prefect server, asked for its runs, deployments and workers."""

    def start_run(self, deployment: str, parameters: dict[str, Any]) -> FlowRun:
        """Start a run of the deployment `flow/name` and return it."""
        found = self._if_there(
            f"deployments/name/{deployment}", pauses_s=PATIENT_PAUSES_S, may_repeat=True
        )
        if found is None:
            raise NotRegistered(
                f"deployment {deployment} is not registered at {self.url}", REGISTER
            )
        try:
            answer = self._call(
                "POST",
                f"deployments/{found['id']}/create_flow_run",
                {
                    "parameters": parameters,
                    "state": {"type": "SCHEDULED", "name": "Scheduled"},
                    # Asked twice, the server starts one run.
                    "idempotency_key": uuid.uuid4().hex,
                },
                pauses_s=PATIENT_PAUSES_S,
                may_repeat=True,
            )
        except ServerRefused as error:
            if error.status not in ABOUT_PARAMETERS:
                raise
            raise BadInput(
                f"deployment {deployment} refused its parameters: {error.what}",
                "Compare them with the deployment's form in the UI",
            ) from error
        return read_flow_run(answer)

    def read_run(self, flow_run_id: str) -> FlowRun:
        """Return the present state of a flow run."""
        return read_flow_run(self._call("GET", f"flow_runs/{flow_run_id}"))

    def run_if_there(self, flow_run_id: str) -> FlowRun | None:
        """Return the present state of a flow run, None when somebody has deleted it."""
        row = self._if_there(f"flow_runs/{flow_run_id}")
        return None if row is None else read_flow_run(row)

    def read_log(self, flow_run_id: str, lines: int = 20) -> list[str]:
        """Return the last lines that a flow run has logged."""
        rows = self._call(
            "POST",
            "logs/filter",
            {
                "logs": {"flow_run_id": {"any_": [flow_run_id]}},
                "sort": "TIMESTAMP_DESC",
                "limit": lines,
            },
        )
        return [row["message"] for row in reversed(rows)]

    def cancel(self, flow_run_id: str) -> bool:
        """Ask the worker to cancel a run; return False if neither that nor its end is in sight.

        Raises ServerRefused or SourceUnavailable when the server cannot be asked.
        """
        path = f"flow_runs/{flow_run_id}/set_state"
        answer = self._call("POST", path, {"state": {"type": "CANCELLING"}})
        return answer["status"] == "ACCEPT" or self.read_run(flow_run_id).is_final

    def unfinished_runs(self, work_pool: str) -> list[FlowRun]:
        """Return the runs of deployments on a work pool that are said to be under way."""
        rows = self._call(
            "POST",
            "flow_runs/filter",
            {
                "flow_runs": {"state": {"type": {"any_": list(UNDER_WAY)}}},
                "work_pools": {"name": {"any_": [work_pool]}},
            },
        )
        return [read_flow_run(row) for row in rows if row["deployment_id"] is not None]

    def due_runs(self, work_pool: str, now: datetime) -> list[FlowRun]:
        """Return the runs of deployments on a work pool that are due and not over, first first."""
        rows = self._call(
            "POST",
            "flow_runs/filter",
            {
                "flow_runs": {
                    "state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}},
                    "expected_start_time": {"before_": now.isoformat()},
                },
                "work_pools": {"name": {"any_": [work_pool]}},
                "sort": "EXPECTED_START_TIME_ASC",
            },
        )
        return [read_flow_run(row) for row in rows if row["deployment_id"] is not None]

    def kept_by(self, run: FlowRun, work_pool: str, queue: str) -> str:
        """Return what somebody set in the page that keeps a scheduled run waiting, and the way out.

        An empty text where nothing does. Raises NotRegistered where its pool or queue was removed.
        """
        at_queue = {"work_pool_queues": {"name": {"any_": [queue]}}}
        places: tuple[tuple[str, str, dict[str, Any]], ...] = (
            (f"work pool {work_pool}", f"work_pools/{work_pool}", {}),
            (f"work queue {queue}", f"work_pools/{work_pool}/queues/{queue}", at_queue),
        )
        for name, path, only in places:
            place = self._if_there(path)
            if place is None:
                raise NotRegistered(f"{name} is not at {self.url}", REGISTER)
            if place["is_paused"]:
                return f"{name} is paused. Resume it in Prefect's page"
            limit = place.get("concurrency_limit")
            if limit is not None and self._count_under_way(work_pool, only) >= limit:
                return _full(name, limit)
        deployment = self._if_there(f"deployments/{run.deployment}") if run.deployment else None
        limit = (deployment or {}).get("global_concurrency_limit") or {}
        if limit and limit["active_slots"] >= limit["limit"]:
            return _full("its deployment", limit["limit"])
        return ""

    def _count_under_way(self, work_pool: str, only: dict[str, Any]) -> int:
        counted: int = self._call(
            "POST",
            "flow_runs/count",
            {
                "flow_runs": {"state": {"type": {"any_": list(UNDER_WAY)}}},
                "work_pools": {"name": {"any_": [work_pool]}},
                **only,
            },
        )
        return counted

    def say_served(self, work_pool: str, worker: str, every_s: float) -> None:
        """Say that somebody takes the runs of a work pool, so that the page does not show it red.

        `every_s` is how often that is said.
        """
        body = {"name": worker, "heartbeat_interval_seconds": int(every_s)}
        self._call("POST", f"work_pools/{work_pool}/workers/heartbeat", body)
        # The pool's queue counts as served by being asked for its runs in this way.
        self._call("POST", f"work_pools/{work_pool}/get_scheduled_flow_runs", {"limit": 1})

    def scheduled_runs(self, work_pool: str, flow: str) -> list[FlowRun]:
        """Return the runs of a flow's deployments that wait for their time, first first."""
        rows = self._call(
            "POST",
            "flow_runs/filter",
            {
                "flows": {"name": {"any_": [flow]}},
                "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
                "work_pools": {"name": {"any_": [work_pool]}},
                "sort": "EXPECTED_START_TIME_ASC",
            },
        )
        return [read_flow_run(row) for row in rows if row["deployment_id"] is not None]

    def move(self, flow_run_id: str, state_type: str, message: str = "") -> bool:
        """Propose a run's next state; return whether the server's rules let it come to it."""
        state = {"type": state_type, "name": state_type.title(), "message": message}
        path = f"flow_runs/{flow_run_id}/set_state"
        accepted: bool = self._call("POST", path, {"state": state})["status"] == "ACCEPT"
        return accepted

    def rename(self, flow_run_id: str, name: str) -> None:
        """Give a run another name in the page."""
        self._call("PATCH", f"flow_runs/{flow_run_id}", {"name": name})

    def begun_runs(self, flow: str, since: datetime) -> list[FlowRun]:
        """Return the runs of a flow that left the schedule, due after an aware time, latest first.

        Of more than the server hands out at once, the latest.
        """
        rows = self._call(
            "POST",
            "flow_runs/filter",
            {
                "flows": {"name": {"any_": [flow]}},
                "flow_runs": {
                    "state": {"type": {"any_": [*UNDER_WAY, *sorted(FINAL_STATES)]}},
                    "expected_start_time": {"after_": since.isoformat()},
                },
                "sort": "START_TIME_DESC",
            },
        )
        return [read_flow_run(row) for row in rows if row["deployment_id"] is not None]

    def deployment_name(self, deployment: str) -> str:
        """Return a deployment's own name, without its flow's."""
        name: str = self._call("GET", f"deployments/{deployment}")["name"]
        return name

    def is_deployed(self, run: FlowRun) -> bool:
        """Return whether what a run is of is still there: a worker cancels all others."""
        return self._if_there(f"deployments/{run.deployment}") is not None

    def deployment_folder(self, deployment: str) -> str | None:
        """Return the data folder that a deployment's next runs are given, None without one."""
        answer = self._if_there(f"deployments/{deployment}")
        if answer is None:
            return None
        folder: str | None = (answer.get("parameters") or {}).get("data_dir")
        return folder

    def ledger_folder(self) -> str | None:
        """Return the folder that the saved ledger block names, None where there is no block."""
        answer = self._if_there(LEDGER_BLOCK, pauses_s=PATIENT_PAUSES_S, may_repeat=True)
        if answer is None:
            return None
        folder: str | None = answer["data"].get("data_dir")
        return folder

    def workers(self, work_pool: str) -> dict[str, bool]:
        """Return the workers of a work pool, and of each whether it is online."""
        rows = self._call("POST", f"work_pools/{work_pool}/workers/filter", {})
        return {row["name"]: row["status"] == "ONLINE" for row in rows}

    def unfinished_subflows(self, flow_run_id: str) -> list[FlowRun]:
        """Return the subflow runs of a run, and theirs, that are said to be under way."""
        rows = self._call(
            "POST",
            "flow_runs/filter",
            {
                "flow_runs": {
                    "parent_flow_run_id": {"any_": [flow_run_id]},
                    "state": {"type": {"any_": list(UNDER_WAY)}},
                }
            },
        )
        found = [read_flow_run(row) for row in rows]
        return found + [below for run in found for below in self.unfinished_subflows(run.id)]

    def crash_subflows(self, flow_run_id: str) -> None:
        """Write down that what ran below a run ended with its process."""
        for below in self.unfinished_subflows(flow_run_id):
            self.force(below.id, "CRASHED", "The process of its parent was gone")

    def force(self, flow_run_id: str, state_type: str, message: str) -> None:
        """Write down what has become of a run whose process is gone: no rule is asked."""
        state = {"type": state_type, "name": state_type.title(), "message": message}
        self._call(
            "POST",
            f"flow_runs/{flow_run_id}/set_state",
            {"state": state, "force": True},
        )

    def cancel_missed(self, tags: Sequence[str], before: datetime, message: str) -> int:
        """Cancel the scheduled runs with all of these tags that were due before; return how many.

        `before` is aware UTC.
        """
        body = {
            "flow_runs": {
                "tags": {"all_": list(tags)},
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "next_scheduled_start_time": {"before_": before.isoformat()},
            },
            "state": {"type": "CANCELLED", "name": "Cancelled", "message": f"Missed: {message}"},
            "force": True,
        }
        count = 0
        while True:
            # One call takes a limited number of runs.
            results = self._call("POST", "flow_runs/bulk_set_state", body)["results"]
            cancelled: int = sum(result["status"] == "ACCEPT" for result in results)
            count += cancelled
            if not cancelled:
                return count

    def _if_there(
        self, path: str, *, pauses_s: Sequence[float] | None = None, may_repeat: bool = False
    ) -> Any:
        """Return what the server has at a path, None where it has nothing there."""
        try:
            return self._call("GET", path, pauses_s=pauses_s, may_repeat=may_repeat)
        except ServerRefused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            return None


def _full(place: str, limit: int) -> str:
    """Return that a place has as many runs as its limit lets it have, and the way out."""
    return (
        f"{place} has its concurrency limit of {limit} under way. Raise or remove the limit in"
        " Prefect's page"
    )
