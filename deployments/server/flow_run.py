"""A flow run as a Prefect server tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

WORKER_LABEL = "prefect.worker.name"
# Prefect's own words for what a deployment's concurrency limit does to a run.
_LIMIT_REACHED = "Deployment concurrency limit reached"
FINAL_STATES = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


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

    @property
    def was_cancelled_by_limit(self) -> bool:
        """Return whether Prefect cancelled it, which nobody wished: too many were under way."""
        return self.state_type == "CANCELLED" and self.message.startswith(_LIMIT_REACHED)

    def is_due_for(self, span: timedelta, now: datetime) -> bool:
        """Return whether the run was to begin so long before an aware time."""
        return datetime.fromisoformat(self.due) + span <= now

    def has_been_so_for(self, span: timedelta, now: datetime) -> bool:
        """Return whether the run came into its state so long before an aware time.

        Where that lies in the future a clock was set back, and nobody is to wait for it to return.
        """
        since = datetime.fromisoformat(self.since)
        return since > now or since + span <= now


def read_flow_run(answer: dict[str, Any]) -> FlowRun:
    """Return a run from the server's answer."""
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
