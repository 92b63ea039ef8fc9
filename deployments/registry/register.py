"""Making the server know our deployments, as often as one likes.

Imports Prefect, which reads its settings then: set the environment of the home first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
    WorkPoolCreate,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import RRuleSchedule
from prefect.exceptions import (
    MissingFlowError,
    ObjectAlreadyExists,
    ObjectNotFound,
    ScriptError,
)
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.workers.process import ProcessWorker

from blocks.saved.blocks import save_blocks
from blocks.saved.drift import (
    Choice,
    WrittenValues,
    flat,
    how_to_decide,
    settle,
)
from blocks.settings.app_settings import AppSettings
from deployments.registry.answers import in_one_line, unless_busy
from deployments.registry.automations import TELL, register_automations
from deployments.registry.parameters import settled_parameters
from deployments.registry.schedule import is_good_enough
from deployments.registry.spec import DeploymentSpec, ScheduleSpec
from deployments.server.worker import CONTROL_POOL, WORK_QUEUES
from trading.errors import BadInput


async def register(
    specs: Sequence[DeploymentSpec],
    root: Path,
    work_pool: str,
    now: datetime,
    written: WrittenValues,
    choice: Choice = Choice.ASK,
    is_named: Callable[[str], bool] = lambda name: True,
    queues: Mapping[str, int | None] = WORK_QUEUES,
) -> list[str]:
    """Create or update work pools, deployments and automations, and return one line about each.

    `root` is where flow runs work and entrypoints start; `queues` are the work pool's queues with
    the number of runs each lets through at once, None for any. What an operator changed in the UI
    stays: a paused deployment or schedule, and parameters unless `choice` says otherwise. Those
    that `written` says we wrote ourselves follow the settings; `is_named` says of a parameter
    whether these name it.
    """
    lines = []
    with in_one_line():
        async with get_client() as client:
            await _create_work_pool(client, work_pool, queues)
            await _create_work_pool(client, CONTROL_POOL, {})
            for spec in specs:
                lines.append(
                    await unless_busy(
                        partial(
                            _register_one,
                            client,
                            spec,
                            root,
                            work_pool,
                            now,
                            written,
                            choice,
                            is_named,
                        )
                    )
                )
            if any(spec.name == TELL.partition("/")[2] for spec in specs):
                lines += await unless_busy(
                    partial(register_automations, client, choice is Choice.OVERWRITE)
                )
    return lines


def register_blocks(
    data_dir: Path, configured: AppSettings, written: WrittenValues, choice: Choice
) -> list[str]:
    """Save the blocks of what the settings say, and say what was done."""
    return asyncio.run(save_blocks(data_dir, configured, written, choice))


async def _create_work_pool(
    client: PrefectClient, work_pool: str, queues: Mapping[str, int | None]
) -> None:
    template = ProcessWorker.get_default_base_job_template()
    pool = WorkPoolCreate(name=work_pool, type="process", base_job_template=template)
    with contextlib.suppress(ObjectAlreadyExists):
        await client.create_work_pool(pool)
    for name, limit in queues.items():
        try:
            await client.create_work_queue(name, concurrency_limit=limit, work_pool_name=work_pool)
        except ObjectAlreadyExists:
            queue = await client.read_work_queue_by_name(name, work_pool)
            if queue.concurrency_limit != limit:
                await client.update_work_queue(queue.id, concurrency_limit=limit)


async def _register_one(
    client: PrefectClient,
    spec: DeploymentSpec,
    root: Path,
    work_pool: str,
    now: datetime,
    written: WrittenValues,
    choice: Choice,
    is_named: Callable[[str], bool],
) -> str:
    flow = _load(spec, root)
    full_name = f"{flow.name}/{spec.name}"
    wanted: dict[str, Any] = {
        "entrypoint": spec.entrypoint,
        "description": spec.description or flow.description,
        "tags": list(spec.tags),
        "work_pool_name": spec.pool or work_pool,
        "work_queue_name": spec.work_queue,
        "parameter_openapi_schema": parameter_schema(flow).model_dump(mode="json"),
        "enforce_parameter_schema": spec.enforce_parameter_schema,
        "pull_steps": [
            {"prefect.deployments.steps.set_working_directory": {"directory": str(root)}}
        ],
    }
    try:
        present = await client.read_deployment_by_name(full_name)
    except ObjectNotFound:
        await client.create_deployment(
            await client.create_flow_from_name(flow.name),
            spec.name,
            parameters=dict(spec.parameters),
            schedules=[
                DeploymentScheduleCreate(
                    schedule=schedule.to_prefect(),
                    slug=schedule.slug,
                    active=schedule.active,
                )
                for schedule in spec.schedules
            ],
            **wanted,
        )
        settle({}, flat(spec.parameters), written.of(full_name))
        return f"{full_name}: created"
    changes = {name: value for name, value in wanted.items() if getattr(present, name) != value}
    parameters, settled = settled_parameters(
        present.parameters, spec.parameters, written.of(full_name), choice, is_named
    )
    if choice == Choice.OVERWRITE:
        parameters = dict(spec.parameters)
    if flat(parameters) != flat(present.parameters):
        changes["parameters"] = parameters
    drift = ": ".join(["", *filter(None, ["; ".join(settled.followed)])])
    if settled.undecided:
        undecided = "; ".join(settled.undecided)
        folder = Path(spec.parameters.get("data_dir") or "data")
        drift += f". It is kept that {undecided}. {how_to_decide(folder)}"
    if not _schedules_are_good(present, spec.schedules, now):
        changes["schedules"] = [
            # `active` is left out: a schedule that was switched off stays off.
            DeploymentScheduleUpdate(schedule=schedule.to_prefect(), slug=schedule.slug)
            for schedule in spec.schedules
        ]
    if not changes:
        return f"{full_name}: unchanged{drift}"
    # Fields that are not sent keep their value; sending some of these would reset the others.
    await client.update_deployment(present.id, DeploymentUpdate(**changes))
    return f"{full_name}: updated {', '.join(sorted(changes))}{drift}"


def _load(spec: DeploymentSpec, root: Path) -> Flow[..., Any]:
    try:
        return load_flow_from_entrypoint(str(root / spec.entrypoint), use_placeholder_flow=False)
    except (ScriptError, MissingFlowError, FileNotFoundError) as error:
        cause = error.user_exc if isinstance(error, ScriptError) else error
        raise BadInput(
            f"flow {spec.entrypoint} of deployment {spec.name} cannot be loaded:"
            f" {type(cause).__name__}: {cause}",
            f"Look at the file in {root}",
        ) from error


def _schedules_are_good(
    present: DeploymentResponse, wanted: tuple[ScheduleSpec, ...], now: datetime
) -> bool:
    existing = {schedule.slug: schedule.schedule for schedule in present.schedules}
    for spec in wanted:
        old = existing.get(spec.slug)
        if isinstance(old, RRuleSchedule) and spec.rrule is not None:
            if old.timezone != spec.timezone or not is_good_enough(old.rrule, spec.rrule, now):
                return False
        elif old != spec.to_prefect():
            return False
    return True
