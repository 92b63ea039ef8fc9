"""Telling a data folder's own server, whose database moved along, where the folder is now.

Imports Prefect, as `register` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import BlockDocumentUpdate, DeploymentUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import BlockDocument, FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from blocks.saved.blocks import SAVED_NAME, Ledger
from deployments.processes.home import Home
from deployments.registry.answers import in_one_line, unless_busy
from deployments.registry.moved_folder import moved_values, old_place
from deployments.registry.spec import DeploymentSpec
from trading.errors import SourceUnavailable

# The server gives no more than this at once.
MOST = 200
_OUR_BLOCKS = "openbell-"
# Of the runs that have ended only the crashed ones are ever started again.
_GO_ON = [
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.PAUSED,
    StateType.CANCELLING,
    StateType.CRASHED,
]


async def follow_moved_folder(home: Home, specs: Iterable[DeploymentSpec]) -> list[str]:
    """Point deployments, their runs and saved blocks to where the folder is; say so in a line.

    Only for the server whose database lies in the folder, and before a worker takes runs. Broken
    off, it goes on the next time. Raises SourceUnavailable or BadInput as `register` does.
    """
    try:
        with in_one_line():
            async with get_client() as client:
                return await _follow(client, home, specs)
    except ObjectNotFound as error:
        raise SourceUnavailable(
            "something was removed at the Prefect server while the moved folder was followed",
            "Start again with: openbell up",
        ) from error


async def _follow(client: PrefectClient, home: Home, specs: Iterable[DeploymentSpec]) -> list[str]:
    ours = str(home.data_dir)
    asked = {
        (spec.entrypoint, spec.name) for spec in specs if spec.parameters.get("data_dir") == ours
    }
    deployments = [
        each
        for each in await unless_busy(partial(client.read_deployments, limit=MOST))
        if (each.entrypoint, each.name) in asked and each.parameters.get("data_dir")
    ]
    documents = await unless_busy(
        partial(client.read_block_documents, limit=MOST, include_secrets=False)
    )
    named = [str(each.parameters["data_dir"]) for each in deployments]
    ledger = next((str(each.data.get("data_dir")) for each in documents if _is_ledger(each)), None)
    begun = home.left_places()
    places = {*begun, *filter(None, [old_place(ledger, named, ours)])} - {ours}
    if not places:
        home.forget_left_places()
        return _in_doubt(named, ours)
    # Deployments that name this place look as if the folder had always been here: should this
    # break off, the file says that it had not.
    home.write_left_places({*places, ours})
    followed = [each for each in deployments if each.parameters["data_dir"] in {*places, ours}]
    await _follow_deployments(client, followed, places, ours)
    await _follow_runs(client, [each.id for each in followed], places, ours)
    # The ledger's last: it says where the folder was.
    for document in sorted(documents, key=_is_ledger):
        if _is_ours(document) and (changed := moved_values(document.data, places, ours)):
            update = BlockDocumentUpdate(data=changed, merge_existing_data=True)
            await unless_busy(partial(client.update_block_document, document.id, update))
    home.forget_left_places()
    return [
        f"the data folder was {' and '.join(sorted(places))}:"
        f" deployments, runs and blocks name {ours} now"
    ]


async def _follow_deployments(
    client: PrefectClient, deployments: Sequence[DeploymentResponse], places: set[str], ours: str
) -> None:
    for deployment in deployments:
        if changed := moved_values(deployment.parameters, places, ours):
            update = DeploymentUpdate(parameters={**deployment.parameters, **changed})
            await unless_busy(partial(client.update_deployment, deployment.id, update))


async def _follow_runs(
    client: PrefectClient, deployments: list[UUID], places: set[str], ours: str
) -> None:
    if not deployments:
        return
    # Again until there is none: the server may have been about to schedule one.
    while runs := await _runs_naming(client, deployments, places):
        for run in runs:
            parameters = {**run.parameters, **moved_values(run.parameters, places, ours)}
            try:
                await unless_busy(partial(client.update_flow_run, run.id, parameters=parameters))
            except PrefectHTTPStatusError as error:
                # Removed meanwhile.
                if error.response.status_code != httpx.codes.NOT_FOUND:
                    raise


async def _runs_naming(
    client: PrefectClient, deployments: list[UUID], places: set[str]
) -> list[FlowRun]:
    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=deployments),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_GO_ON)),
    )
    runs: list[FlowRun] = []
    while True:
        page = await unless_busy(
            partial(
                client.read_flow_runs,
                flow_run_filter=wanted,
                sort=FlowRunSort.ID_DESC,
                limit=MOST,
                offset=len(runs),
            )
        )
        runs += page
        if len(page) < MOST:
            return [run for run in runs if run.parameters.get("data_dir") in places]


def _in_doubt(named: Sequence[str], ours: str) -> list[str]:
    others = sorted(set(named) - {ours})
    if not others:
        return []
    return [
        f"deployments name {' and '.join(others)} and are kept; if that is where {ours} was:"
        f" openbell register --overwrite --data-dir {ours}"
    ]


def _is_ours(document: BlockDocument) -> bool:
    return document.block_type is not None and document.block_type.slug.startswith(_OUR_BLOCKS)


def _is_ledger(document: BlockDocument) -> bool:
    kind = document.block_type
    return (
        kind is not None
        and kind.slug == Ledger.get_block_type_slug()
        and document.name == SAVED_NAME
    )
