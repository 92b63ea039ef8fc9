"""The few calls that a supervisor makes to a Prefect server, without importing Prefect."""

from __future__ import annotations

import base64
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from trading.errors import BadInput, OpenbellError, SourceUnavailable

TIMEOUT_S = 10.0
TOKEN_HEADER, CLIENT_HEADER = "Prefect-Csrf-Token", "Prefect-Csrf-Client"
UNKNOWN_HINT = "Set PREFECT_API_AUTH_STRING to what it was started with, or PREFECT_API_KEY"
LOG_HINT = "Read that server's log; our own server's is logs/server.log in the data folder"
ABOUT_PARAMETERS = frozenset({400, 409, 422})
UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")
WORKER_LABEL = "prefect.worker.name"
# As blocks.saved names them, which imports Prefect.
LEDGER_BLOCK = "block_types/slug/openbell-ledger/block_documents/name/openbell"
FINAL_STATES = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# What this process calls itself where a server gives out tokens against foreign pages, and the
# token that each server gave it: a client lives for one look only, a token for an hour.
_CLIENT = uuid.uuid4().hex
_TOKENS: dict[str, str] = {}

# A write of ours loses against every other that comes between its reading and its writing, at
# once and without waiting: many tries help, long waits do not.
BUSY_PAUSES_S = (0.2, 0.4, 0.7, 1.0, 1.5, 2.0)
# About half a minute, where nobody waits for the end of anything.
PATIENT_PAUSES_S = (*BUSY_PAUSES_S, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)


@dataclass(frozen=True, slots=True)
class FlowRun:
    """A flow run as the server sees it now.

    `worker` is the name of the worker that took it, None before one has signed it; `since` is
    when it came into its state and `due` when it was to begin, as the server writes them;
    `deployment` is the id of what it runs.
    """

    id: str
    name: str
    state_type: str
    state_name: str
    message: str
    worker: str | None = None
    since: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    deployment: str | None = None
    tags: tuple[str, ...] = ()
    run_count: int = 0
    due: str = ""

    @property
    def is_final(self) -> bool:
        """Return whether the run has ended, one way or another."""
        return self.state_type in FINAL_STATES

    def has_been_so_for(self, span: timedelta, now: datetime) -> bool:
        """Return whether the run came into its state so long before an aware time.

        Where that lies in the future a clock was set back, and nobody is to wait for it to return.
        """
        since = datetime.fromisoformat(self.since)
        return since > now or since + span <= now


class ServerRefused(OpenbellError):
    """The server answered, with an error; `status` is the one of HTTP."""

    def __init__(self, what: str, hint: str, status: int) -> None:
        super().__init__(what, hint)
        self.status = status


class PrefectApi:
    """A Prefect server, spoken to over HTTP.

    `auth_string` is what it asks for; without one, what the environment says of it.
    """

    def __init__(self, api_url: str, auth_string: str | None = None) -> None:
        self.url = api_url.rstrip("/")
        self._pauses_s: Sequence[float] = BUSY_PAUSES_S
        try:
            self._client = httpx.Client(
                base_url=self.url + "/",
                timeout=TIMEOUT_S,
                headers=_basic(auth_string) if auth_string else _authorization(),
            )
        except httpx.InvalidURL as error:
            raise self._no_prefect(str(error).rstrip(".")) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def hurry(self) -> None:
        """Ask a busy server only once more from now on, and after a moment."""
        self._pauses_s = BUSY_PAUSES_S[:1]

    def is_healthy(self) -> bool:
        """Return whether the server answers that it is well."""
        try:
            return self.problem() is None
        except BadInput:
            return False

    def problem(self) -> str | None:
        """Return why the server is not well, None if it is.

        Raises BadInput for an address that will not become one of Prefect by waiting.
        """
        try:
            answer = self._client.get("health")
        except httpx.UnsupportedProtocol as error:
            raise self._no_prefect(str(error).rstrip(".")) from error
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__
        if answer.is_success:
            return None
        if answer.is_server_error:
            return f"it answers {answer.status_code}"
        raise self._no_prefect(f"{self.url}/health answers {answer.status_code}")

    def greet(self) -> None:
        """Ask what only those may ask whom the server knows.

        Raises BadInput where it does not know us, SourceUnavailable where it does not answer.
        """
        try:
            self._call("GET", "version")
        except ServerRefused as error:
            if error.status != httpx.codes.UNAUTHORIZED:
                raise
            raise BadInput(error.what, error.hint) from error

    def _no_prefect(self, why: str) -> BadInput:
        return BadInput(
            f"{self.url} is not the address of a Prefect API: {why}",
            "Set PREFECT_API_URL to one such as http://127.0.0.1:4200/api, or unset it",
        )

    def start_run(self, deployment: str, parameters: dict[str, Any]) -> FlowRun:
        """Start a run of the deployment `flow/name` and return it."""
        try:
            found = self._call(
                "GET",
                f"deployments/name/{deployment}",
                pauses_s=PATIENT_PAUSES_S,
                may_repeat=True,
            )
        except ServerRefused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            raise BadInput(
                f"deployment {deployment} is not registered at {self.url}",
                "Run: python -m deployments register",
            ) from error
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
        return _flow_run(answer)

    def read_run(self, flow_run_id: str) -> FlowRun:
        """Return the present state of a flow run."""
        return _flow_run(self._call("GET", f"flow_runs/{flow_run_id}"))

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
        return [_flow_run(row) for row in rows if row["deployment_id"] is not None]

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
        return [_flow_run(row) for row in rows if row["deployment_id"] is not None]

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
        return [_flow_run(row) for row in rows if row["deployment_id"] is not None]

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
        return [_flow_run(row) for row in rows if row["deployment_id"] is not None]

    def deployment_name(self, deployment: str) -> str:
        """Return a deployment's own name, without its flow's."""
        name: str = self._call("GET", f"deployments/{deployment}")["name"]
        return name

    def deployment_folder(self, deployment: str) -> str | None:
        """Return the data folder that a deployment's next runs are given, None without one."""
        try:
            answer = self._call("GET", f"deployments/{deployment}")
        except ServerRefused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            return None
        folder: str | None = (answer.get("parameters") or {}).get("data_dir")
        return folder

    def ledger_folder(self) -> str | None:
        """Return the folder that the saved ledger block names, None where there is no block."""
        try:
            answer = self._call("GET", LEDGER_BLOCK, pauses_s=PATIENT_PAUSES_S, may_repeat=True)
        except ServerRefused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
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
        found = [_flow_run(row) for row in rows]
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

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        pauses_s: Sequence[float] | None = None,
        may_repeat: bool = False,
    ) -> Any:
        # `may_repeat` says that a call does no harm when a silent server has heard it after all.
        pauses = self._pauses_s if pauses_s is None else pauses_s
        for pause_s in (*pauses, None):
            try:
                response = self._request(method, path, body)
            except httpx.TransportError as error:
                is_silent = isinstance(error, httpx.TimeoutException)
                if pause_s is None or not (is_silent and may_repeat):
                    raise SourceUnavailable(
                        f"Prefect server {self.url} does not answer: {error}", LOG_HINT
                    ) from error
            else:
                # Prefect answers 503 while its SQLite is locked by others, and has done nothing.
                if pause_s is None or response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
            time.sleep(pause_s)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise ServerRefused(
                f"Prefect server {self.url} does not know who asks: it answers 401",
                UNKNOWN_HINT,
                response.status_code,
            )
        if response.is_error:
            raise ServerRefused(
                f"Prefect server {self.url} answered {response.status_code} to {method} {path}:"
                f" {response.text[:300]}",
                LOG_HINT,
                response.status_code,
            )
        return response.json() if response.content else None

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        """Ask once, and once more with a new token where the server wants one or had it expire."""
        if method not in CHANGES:
            return self._client.request(method, path, json=body)
        response = self._client.request(method, path, json=body, headers=self._token())
        if response.status_code != httpx.codes.FORBIDDEN or "CSRF" not in response.text:
            return response
        given = self._client.get("csrf-token", params={"client": _CLIENT})
        if given.is_error:
            return given
        _TOKENS[self.url] = given.json()["token"]
        return self._client.request(method, path, json=body, headers=self._token())

    def _token(self) -> dict[str, str]:
        token = _TOKENS.get(self.url)
        return {} if token is None else {TOKEN_HEADER: token, CLIENT_HEADER: _CLIENT}


def ui_url(api_url: str) -> str:
    """Return where a browser finds the server of this API."""
    return api_url.rstrip("/").removesuffix("/api")


def _authorization() -> dict[str, str]:
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    password = os.environ.get("PREFECT_API_AUTH_STRING") or os.environ.get(
        "PREFECT_SERVER_API_AUTH_STRING"
    )
    return _basic(password) if password else {}


def _basic(auth_string: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(auth_string.encode()).decode()}"}


def _flow_run(answer: dict[str, Any]) -> FlowRun:
    state = answer.get("state") or {}
    return FlowRun(
        answer["id"],
        answer["name"],
        state.get("type", "UNKNOWN"),
        state.get("name", "Unknown"),
        state.get("message") or "",
        (answer.get("labels") or {}).get(WORKER_LABEL),
        state.get("timestamp") or "",
        answer.get("parameters") or {},
        answer.get("deployment_id"),
        tuple(answer.get("tags") or ()),
        answer.get("run_count") or 0,
        answer.get("expected_start_time") or "",
    )
