"""Where a command looks for copies, and what it says where deployed runs send theirs elsewhere."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from blocks.storage.choose import storage_from
from flows.process.saved_values import join_server
from flows.session.account.saved_parts import saved_parts
from trading.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from blocks.settings.app_settings import AppSettings
    from trading.session.ports import Storage

TO_LOOK_ELSEWHERE = "Set ENABLE_CLOUD_SYNC=true with CLOUD_PROVIDER and CLOUD_CONTAINER"
# With the server away nobody can say what is saved there, so that it is asked of the user.
NO_COPIES = (
    "A block saved in Prefect may have sent them elsewhere. " + TO_LOOK_ELSEWHERE + " to look there"
)


def storage_of_settings(settings: AppSettings, data_dir: Path) -> Storage:
    """Return the place that the settings name; one line says so if deployed runs use another."""
    storage = storage_from(settings.cloud, data_dir)
    place = _place_of_deployed_runs(data_dir, settings)
    if place not in (None, str(storage)):
        print(
            f"note: this takes {storage}; runs of deployments send copies to {place}, as saved in"
            f" Prefect. {TO_LOOK_ELSEWHERE} to take that",
            file=sys.stderr,
        )
    return storage


def _place_of_deployed_runs(data_dir: Path, settings: AppSettings) -> str | None:
    """Return where runs of deployments send this folder's copies, None when no server answers."""
    if not join_server(data_dir):
        return None
    # Imported here: only who has a server needs it.
    import httpx

    try:
        return str(asyncio.run(saved_parts(str(data_dir), None, settings)).storage())
    except httpx.HTTPError:
        return None
    except BadInput as error:
        return f"no place ({error})"
