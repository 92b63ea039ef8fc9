"""What the blocks that are saved in Prefect say of the settings, where a server answers."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.process.web.auth_string import read_auth_string
from blocks.settings.app_settings import shown
from blocks.storage.settings import CloudProvider

if TYPE_CHECKING:
    from prefect.blocks.core import Block

TIMEOUT_SECONDS = 1.0
# A block's field -> the setting that it takes the place of in flows.
FIELDS = {
    "settle_seconds": "data.settle_seconds",
    "warm_up_minutes": "data.warm_up_minutes",
    "tend_seconds": "data.tend_seconds",
}
WEBHOOK_FIELDS = {
    "url": "notifications.discord_webhook_url",
    "notify_on_trade": "notifications.notify_on_trade",
    "notify_on_error": "notifications.notify_on_error",
    "notify_routine": "notifications.notify_routine",
}
S3_FIELDS = {
    "bucket": "cloud.cloud_container",
    "region": "cloud.aws_region",
    "endpoint_url": "cloud.aws_endpoint_url",
    "access_key_id": "cloud.aws_access_key_id",
    "secret_access_key": "cloud.aws_secret_access_key",
}
# What a saved place for copies says by being there.
COPIES_LEAVE = {"cloud.enable_cloud_sync": "true"}
AZURE_FIELDS = {
    "container": "cloud.cloud_container",
    "connection_string": "cloud.azure_storage_connection_string",
}


def saved_values(data_dir: Path) -> dict[str, tuple[str, str]]:
    """Return value and block by setting; nothing when no server of this folder answers."""
    return asyncio.run(_load()) if join_server(data_dir) else {}


def join_server(data_dir: Path) -> bool:
    """Return whether a server of this folder answers us; Prefect then asks that one."""
    given = os.environ.get("PREFECT_API_URL")
    api_url = given or _own_server(data_dir)
    string = (
        os.environ.get("PREFECT_API_AUTH_STRING")
        # What `up` was started with here, where its user chose the string.
        or os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
        or (None if given else _own_string(data_dir))
    )
    if api_url is None or not _answers(api_url, string):
        return False
    # Prefect reads its settings when it is imported, and would otherwise take the user's profile.
    os.environ["PREFECT_API_URL"] = api_url
    if string is not None:
        os.environ["PREFECT_API_AUTH_STRING"] = string
    os.environ.setdefault("PREFECT_HOME", str(data_dir.resolve() / "prefect"))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    return True


async def _load() -> dict[str, tuple[str, str]]:
    from blocks.saved import blocks as connections
    from blocks.saved.discord import DiscordWebhook
    from blocks.saved.storage import AzureCopies, S3Copies

    found: dict[str, tuple[str, str]] = {}
    kinds: tuple[tuple[type[Block], dict[str, str], dict[str, str]], ...] = (
        (connections.Settings, FIELDS, {}),
        (connections.Ledger, {"data_dir": "operations.data_dir"}, {}),
        (DiscordWebhook, WEBHOOK_FIELDS, {}),
        (S3Copies, S3_FIELDS, COPIES_LEAVE | {"cloud.cloud_provider": CloudProvider.AWS}),
        (AzureCopies, AZURE_FIELDS, COPIES_LEAVE | {"cloud.cloud_provider": CloudProvider.AZURE}),
    )
    for kind, fields, fixed in kinds:
        block = await connections.load_saved(kind)
        if block is not None:
            origin = f"block {kind.get_block_type_slug()}/{connections.SAVED_NAME}"
            found |= {
                setting: (shown(getattr(block, name)), origin) for name, setting in fields.items()
            }
            found |= {setting: (value, origin) for setting, value in fixed.items()}
    return found


def _own_server(data_dir: Path) -> str | None:
    try:
        return f"http://127.0.0.1:{int((data_dir / 'prefect' / 'port').read_text())}/api"
    except (OSError, ValueError):
        return None


def _own_string(data_dir: Path) -> str | None:
    try:
        return read_auth_string(data_dir)
    except OSError:
        return None


def _answers(api_url: str, string: str | None) -> bool:
    # Imported here: most who ask have no server.
    import httpx

    user, _, password = (string or "").partition(":")
    try:
        if not httpx.get(f"{api_url}/health", timeout=TIMEOUT_SECONDS).is_success:
            return False
        if os.environ.get("PREFECT_API_KEY"):
            return True
        # Its health it tells anybody.
        answer = httpx.get(
            f"{api_url}/version",
            auth=(user, password) if string else None,
            timeout=TIMEOUT_SECONDS,
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        print(
            f"note: what is saved in Prefect is left out: {api_url} does not know who asks. Set"
            " PREFECT_API_AUTH_STRING to what that server was started with",
            file=sys.stderr,
        )
        return False
    return True
