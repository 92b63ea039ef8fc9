"""The few calls that a supervisor makes to a Prefect server, without importing Prefect."""

from __future__ import annotations

import base64
import os
import time
from dataclasses import dataclass
from typing import Any

import httpx

from trading.errors import BadInput, OpenbellError, SourceUnavailable

TIMEOUT_S = 10.0
UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")
FINAL_STATES = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})

BUSY_PAUSES_S = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class FlowRun:
    """A flow run as the server sees it now."""

    id: str
    name: str
    state_type: str
    state_name: str
    message: str

    @property
    def is_final(self) -> bool:
        """Return whether the run has ended, one way or another."""
        return self.state_type in FINAL_STATES


class ServerRefused(OpenbellError):
    """The server answered, with an error."""


class PrefectApi:
    """A Prefect server, spoken to over HTTP."""

    def __init__(self, api_url: str) -> None:
        self.url = api_url.rstrip("/")
        self._client = httpx.Client(
            base_url=self.url + "/", timeout=TIMEOUT_S, headers=_authorization()
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def is_healthy(self) -> bool:
        """Return whether the server answers that it is well."""
        try:
            return self._client.get("health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def start_run(self, deployment: str, parameters: dict[str, Any]) -> FlowRun:
        """Start a run of the deployment `flow/name` and return it."""
        try:
            found = self._call("GET", f"deployments/name/{deployment}")
        except ServerRefused as error:
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
                },
            )
        except ServerRefused as error:
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
        """Ask the worker to cancel a run; return False if neither that nor its end is in sight."""
        path = f"flow_runs/{flow_run_id}/set_state"
        try:
            answer = self._call("POST", path, {"state": {"type": "CANCELLING"}})
            return answer["status"] == "ACCEPT" or self.read_run(flow_run_id).is_final
        except (ServerRefused, SourceUnavailable):
            return False

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

    def force(self, flow_run_id: str, state_type: str, message: str) -> None:
        """Write down what has become of a run whose process is gone: no rule is asked."""
        state = {"type": state_type, "name": state_type.title(), "message": message}
        self._call(
            "POST",
            f"flow_runs/{flow_run_id}/set_state",
            {"state": state, "force": True},
        )

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            response = self._client.request(method, path, json=body)
            # Prefect answers 503 while its SQLite is locked by others, and has done nothing then.
            for pause_s in BUSY_PAUSES_S:
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
                time.sleep(pause_s)
                response = self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise SourceUnavailable(
                f"Prefect server {self.url} does not answer: {error}",
                "See logs/server.log in the data folder",
            ) from error
        if response.is_error:
            raise ServerRefused(
                f"Prefect server {self.url} answered {response.status_code} to {method} {path}:"
                f" {response.text[:300]}",
                "See logs/server.log in the data folder",
            )
        return response.json()


def ui_url(api_url: str) -> str:
    """Return where a browser finds the server of this API."""
    return api_url.rstrip("/").removesuffix("/api")


def _authorization() -> dict[str, str]:
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    password = os.environ.get("PREFECT_API_AUTH_STRING") or os.environ.get(
        "PREFECT_SERVER_API_AUTH_STRING"
    )
    if password:
        return {"Authorization": f"Basic {base64.b64encode(password.encode()).decode()}"}
    return {}


def _flow_run(answer: dict[str, Any]) -> FlowRun:
    state = answer.get("state") or {}
    return FlowRun(
        answer["id"],
        answer["name"],
        state.get("type", "UNKNOWN"),
        state.get("name", "Unknown"),
        state.get("message") or "",
    )
