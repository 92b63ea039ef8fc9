"""What a deployment is, and how prefect.yaml says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from prefect.client.schemas.schedules import CronSchedule, RRuleSchedule
from prefect.deployments.steps.core import StepExecutionError, run_steps
from prefect.utilities.templating import apply_values

from trading.errors import BadInput


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """When a deployment runs: a rule or a cron line, under a slug that stays the same."""

    slug: str
    rrule: str | None = None
    cron: str | None = None
    timezone: str = "UTC"
    active: bool = True

    def to_prefect(self) -> RRuleSchedule | CronSchedule:
        """Return the schedule as Prefect's client takes it."""
        if self.rrule is not None:
            return RRuleSchedule(rrule=self.rrule, timezone=self.timezone)
        if self.cron is not None:
            return CronSchedule(cron=self.cron, timezone=self.timezone)
        raise BadInput(f"schedule {self.slug} has neither rrule nor cron", "Give it one of them")


@dataclass(frozen=True, slots=True)
class DeploymentSpec:
    """A deployment: its name, where its flow is, and with what and when it runs."""

    name: str
    entrypoint: str
    description: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    schedules: tuple[ScheduleSpec, ...] = ()
    # None: the one that everything is registered for.
    pool: str | None = None
    work_queue: str = "default"
    enforce_parameter_schema: bool = True


async def read_specs(file: Path) -> list[DeploymentSpec]:
    """Return the deployments of a prefect.yaml, their build steps run and filled in."""
    try:
        document = yaml.safe_load(file.read_text())
        # Most deployments have the same step, and Prefect makes a client for each that it runs.
        outputs: dict[str, dict[str, Any]] = {}
        return [await _read_spec(entry, outputs) for entry in document["deployments"]]
    except (OSError, yaml.YAMLError, KeyError, TypeError, StepExecutionError) as error:
        cause = error.__cause__ or error
        raise BadInput(
            f"{file} cannot be used: {type(cause).__name__}: {cause}",
            "Compare it with the one in the repository",
        ) from error


async def _read_spec(entry: dict[str, Any], outputs: dict[str, dict[str, Any]]) -> DeploymentSpec:
    """Return a deployment; `outputs` are those of the build steps that were run before."""
    steps = entry.get("build") or []
    asked = json.dumps(steps, sort_keys=True)
    if asked not in outputs:
        outputs[asked] = await run_steps(steps, print_function=lambda *_, **__: None)
    entry = apply_values(entry, outputs[asked])
    return DeploymentSpec(
        name=entry["name"],
        entrypoint=entry["entrypoint"],
        description=entry.get("description"),
        parameters=entry.get("parameters") or {},
        tags=tuple(entry.get("tags") or ()),
        schedules=tuple(ScheduleSpec(**schedule) for schedule in entry.get("schedules") or ()),
        pool=entry["work_pool"].get("name"),
        work_queue=entry["work_pool"].get("work_queue_name", "default"),
        enforce_parameter_schema=entry.get("enforce_parameter_schema", True),
    )
