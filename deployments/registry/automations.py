"""Automations that tell of a session that crashed, failed or is late; they change no run.

Who starts a session again is the supervisor alone (deployments/runs/restarts.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

# Which runs are sessions that trade now, as prefect.yaml tags them.
TAG = "paper"
TELL = "session-trouble/tell"
LATE_AFTER = timedelta(minutes=2)
_EVENT = "prefect.flow-run."
_HAS_GONE_ON = ("Pending", "Running", "Completed", "Cancelled", "Failed", "Crashed")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is told of a session, and by which event of Prefect's it is known."""

    word: str
    description: str
    event: str
    # None: at once; else when the run has not gone on for so long.
    patience: timedelta | None = None

    @property
    def name(self) -> str:
        """Return what its automation is called in Prefect's page."""
        return f"Openbell: a session {self.word}"


TROUBLES = (
    Trouble(
        "crashed", "Its process is gone; up starts it again where its journal ends.", "Crashed"
    ),
    Trouble("failed", "It ended with an error, which the run's message says.", "Failed"),
    Trouble("is late", "It was due, and nothing has begun it for two minutes.", "Late", LATE_AFTER),
)


async def register_automations(client: PrefectClient, overwrite: bool) -> list[str]:
    """Create what is missing, and return a line about each; what was changed by hand is kept."""
    tell = (await client.read_deployment_by_name(TELL)).id
    lines = []
    for trouble in TROUBLES:
        wanted = automation(trouble, tell)
        found = await client.read_automations_by_name(trouble.name)
        if not found:
            await client.create_automation(wanted)
            lines.append(f"automation {trouble.name!r}: created")
            continue
        # Where the deployment was made anew, an automation would run one that is gone.
        is_good = all(_tells(present, tell) for present in found)
        if is_good and not overwrite:
            lines.append(f"automation {trouble.name!r}: unchanged")
            continue
        wanted.enabled = found[0].enabled
        await client.update_automation(found[0].id, wanted)
        lines.append(f"automation {trouble.name!r}: updated")
    return lines


def automation(trouble: Trouble, tell: UUID) -> AutomationCore:
    """Return the automation that tells of a trouble by running a deployment."""
    is_late = trouble.patience is not None
    trigger = EventTrigger(
        match={"prefect.resource.id": f"{_EVENT}*"},
        match_related={
            "prefect.resource.id": f"prefect.tag.{TAG}",
            "prefect.resource.role": "tag",
        },
        for_each={"prefect.resource.id"},
        after={_EVENT + trouble.event} if is_late else set(),
        expect={_EVENT + name for name in _HAS_GONE_ON} if is_late else {_EVENT + trouble.event},
        posture=Posture.Proactive if is_late else Posture.Reactive,
        threshold=1,
        within=trouble.patience or timedelta(0),
    )
    return AutomationCore(
        name=trouble.name,
        description=trouble.description,
        enabled=True,
        trigger=trigger,
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=tell,
                parameters={
                    "what": trouble.word,
                    "run": _template("{{ flow_run.name }}"),
                    "why": _template("{{ flow_run.state.message }}"),
                },
            )
        ],
    )


def _template(text: str) -> dict[str, str]:
    return {"__prefect_kind": "jinja", "template": text}


def _tells(present: AutomationCore, tell: UUID) -> bool:
    ids: list[Any] = [getattr(action, "deployment_id", None) for action in present.actions]
    return None in ids or tell in ids
