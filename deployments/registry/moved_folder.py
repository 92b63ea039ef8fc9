"""A data folder that was moved or copied: what its own server still says of the old place.

Imports Prefect, as `register` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate, DeploymentUpdate

# More than there ever are; the server gives no more than this at once.
MOST = 200
_OUR_BLOCKS = "openbell-"


async def follow_moved_folder(data_dir: Path) -> list[str]:
    """Point deployments and saved blocks to where the folder is now, and say so in a line.

    Only for the server whose database lies in the folder: it moved along.
    """
    async with get_client() as client:
        deployments = await client.read_deployments(limit=MOST)
        old = old_place([each.parameters for each in deployments], data_dir)
        if old is None:
            return []
        for deployment in deployments:
            if changed := moved_values(deployment.parameters, old, data_dir):
                parameters = {**deployment.parameters, **changed}
                await client.update_deployment(
                    deployment.id, DeploymentUpdate(parameters=parameters)
                )
        for document in await client.read_block_documents(limit=MOST, include_secrets=False):
            is_ours = document.block_type is not None and document.block_type.slug.startswith(
                _OUR_BLOCKS
            )
            if is_ours and (changed := moved_values(document.data, old, data_dir)):
                await client.update_block_document(
                    document.id, BlockDocumentUpdate(data=changed, merge_existing_data=True)
                )
    return [f"the data folder was {old}: deployments and blocks name {data_dir} now"]


def old_place(parameters: Sequence[Mapping[str, object]], data_dir: Path) -> str | None:
    """Return the one other folder that all deployments name, None where they name several or ours.

    Nobody changes every one of them in the page: it is where the folder was registered.
    """
    named = [str(each["data_dir"]) for each in parameters if each.get("data_dir")]
    if len(named) < 2 or len(set(named)) > 1 or Path(named[0]) == data_dir:
        return None
    return named[0]


def moved_values(values: Mapping[str, object], old: str, data_dir: Path) -> dict[str, object]:
    """Return the values that name the old place, or something in it, with the new one."""
    return {
        name: str(data_dir) + value.removeprefix(old)
        for name, value in values.items()
        if isinstance(value, str) and (value == old or value.startswith(f"{old}/"))
    }
