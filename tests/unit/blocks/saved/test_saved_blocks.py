"""Saved blocks: what an earlier version wrote is loaded, and what is saved takes effect in a run.

`documents_of_93aa9aa.json` are a Prefect server's answers, one a line, about blocks that commit
93aa9aa saved there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.context import AsyncClientContext
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from blocks.process.secret_mask import STARS, SecretMask
from blocks.saved import blocks
from blocks.saved.blocks import GONE, TO_FILL_IN, load_saved, wanted_blocks
from blocks.saved.discord import DiscordWebhook
from blocks.saved.storage import AzureCopies, LocalCopies, S3Copies
from blocks.settings.app_settings import AppSettings
from blocks.storage.settings import UnreadableCloud
from flows.session.account.saved_parts import SavedParts, saved_parts
from tests.servers.blocks_server import BlocksServer
from trading.errors import BadInput

DOCUMENTS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "documents_of_93aa9aa.json").read_text()
)
CONFIGURED = AppSettings.read(
    {
        "SETTLE_SECONDS": "3",
        "NOTIFY_ON_TRADE": "false",
        "DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/2/of-the-settings",
    },
    {},
)
HOOK = "https://discord.com/api/webhooks/1/planted-token-of-a-saved-block"
AZURE = (
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=YQ==;EndpointSuffix=core.windows.net"
)
OLD: list[tuple[type[Block], str, dict[str, object]]] = [
    (blocks.BarsFile, "mine", {"path": "/srv/bars", "timezone": "Europe/Berlin"}),
    (blocks.SimulatedMarket, "openbell", {"seed": 7}),
    (blocks.Ledger, "openbell", {"data_dir": "/srv/openbell/data"}),
    (blocks.LogMessages, "openbell", {}),
    (
        blocks.Settings,
        "openbell",
        {"settle_seconds": 9.0, "warm_up_minutes": 7.0, "tend_seconds": 1.0},
    ),
    (LocalCopies, "openbell", {"folder": "/srv/openbell/data/copies"}),
    (
        S3Copies,
        "openbell",
        {
            "bucket": "old-bucket",
            "region": "us-east-1",
            "endpoint_url": "http://127.0.0.1:9",
            "path_style": True,
            "access_key_id": SecretStr("planted-id"),
            "secret_access_key": SecretStr("planted-secret"),
        },
    ),
    (
        AzureCopies,
        "openbell",
        {"container": "old-container", "connection_string": SecretStr(AZURE)},
    ),
    (
        DiscordWebhook,
        "openbell",
        {
            "url": SecretStr(HOOK),
            "notify_on_trade": True,
            "notify_on_error": True,
            "notify_routine": False,
        },
    ),
]


@pytest.fixture
def server() -> Iterator[BlocksServer]:
    with (
        BlocksServer(DOCUMENTS).running() as running,
        temporary_settings({PREFECT_API_URL: running.url}),
    ):
        yield running


def test_every_block_that_was_saved_is_loaded_or_removed(tmp_path: Path) -> None:
    kinds = {*TO_FILL_IN, *map(type, wanted_blocks(tmp_path, AppSettings.read({}, {})))}
    today = {kind.get_block_type_slug() for kind in kinds}
    assert {kind.get_block_type_slug() for kind, *_ in OLD} == today
    assert set(DOCUMENTS) == today | set(GONE)


@pytest.mark.parametrize(("kind", "name", "values"), OLD)
async def test_a_block_of_the_version_before_is_loaded_whole(
    server: BlocksServer, kind: type[Block], name: str, values: dict[str, object]
) -> None:
    block = await load_saved(kind, name)
    assert isinstance(block, kind)
    assert {field: getattr(block, field) for field in kind.model_fields} == values


async def parts_without(server: BlocksServer, data_dir: Path | None, *slugs: str) -> SavedParts:
    """Return the parts of a run where blocks of these types are not saved."""
    for slug in slugs:
        del server.documents[f"openbell-{slug}"]
    # One client for all loads, as in a flow run.
    async with AsyncClientContext.get_or_create():
        return await saved_parts(str(data_dir) if data_dir else None, None, CONFIGURED)


async def test_a_saved_bucket_or_container_wins_in_every_run(
    server: BlocksServer, tmp_path: Path
) -> None:
    both = await parts_without(server, tmp_path)
    with pytest.raises(BadInput, match="openbell-s3-copies and openbell-azure-copies"):
        both.storage()
    bucket = await parts_without(server, tmp_path, "azure-copies")
    assert str(bucket.storage()) == "bucket old-bucket at http://127.0.0.1:9"
    assert bucket.copies_leave
    server.documents["openbell-azure-copies"] = DOCUMENTS["openbell-azure-copies"]
    container = await parts_without(server, None, "s3-copies")
    assert "old-container" in str(container.storage())
    assert container.copies_leave


async def test_the_saved_folder_belongs_to_the_saved_ledgers_accounts(
    server: BlocksServer, tmp_path: Path
) -> None:
    named = await parts_without(server, tmp_path, "s3-copies", "azure-copies")
    assert str(named.storage()) == f"folder {tmp_path / 'copies'}"
    assert not named.copies_leave
    for data_dir in (None, Path("/srv/openbell/data")):
        saved = await parts_without(server, data_dir)
        assert str(saved.data_dir) == "/srv/openbell/data"
        assert str(saved.storage()) == "folder /srv/openbell/data/copies"


async def test_a_folder_of_copies_that_was_changed_in_the_page_counts_where_deployments_run(
    server: BlocksServer,
) -> None:
    document = json.loads(json.dumps(server.documents["openbell-local-copies"]))
    server.documents["openbell-local-copies"] = document
    document["data"]["folder"] = "/mnt/disk/copies"
    changed = await parts_without(server, Path("/srv/openbell/data"), "s3-copies", "azure-copies")
    assert str(changed.storage()) == "folder /mnt/disk/copies"


async def test_a_cloud_of_the_settings_goes_before_the_folder_that_registration_saves(
    server: BlocksServer,
) -> None:
    cloud = {"CLOUD_PROVIDER": "aws", "CLOUD_CONTAINER": "bucket", "ENABLE_CLOUD_SYNC": "true"}
    for slug in ("s3-copies", "azure-copies"):
        del server.documents[f"openbell-{slug}"]
    async with AsyncClientContext.get_or_create():
        parts = await saved_parts("/srv/openbell/data", None, AppSettings.read(cloud, {}))
    assert str(parts.storage()).startswith("bucket bucket")


async def test_a_cloud_that_cannot_be_read_is_not_replaced_by_the_saved_folder(
    server: BlocksServer,
) -> None:
    configured = CONFIGURED.model_copy(update={"cloud": UnreadableCloud()})
    folder = "/srv/openbell/data"
    async with AsyncClientContext.get_or_create():
        del server.documents["openbell-azure-copies"]
        bucket = await saved_parts(folder, None, configured)
        del server.documents["openbell-s3-copies"]
        none = await saved_parts(folder, None, configured)
    # A saved bucket was right when it was saved.
    assert str(bucket.storage()).startswith("bucket old-bucket")
    assert none.copies_leave
    with pytest.raises(BadInput, match="settings of the cloud"):
        none.storage()


async def test_the_mask_learns_what_saved_blocks_hold(
    server: BlocksServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = SecretMask()
    monkeypatch.setattr(blocks, "MASK", mask)
    told = f"planted-id planted-secret {HOOK.rpartition('/')[2]} {AZURE}"
    assert "planted" in mask.text(told)
    await parts_without(server, tmp_path)
    assert mask.text(told) == " ".join([STARS] * 4)


async def test_saved_values_win_over_the_settings_and_without_them_the_settings_count(
    server: BlocksServer, tmp_path: Path
) -> None:
    saved = await parts_without(server, tmp_path)
    assert (saved.settle_seconds, saved.warm_up_minutes, saved.tend_seconds) == (9.0, 7.0, 1.0)
    assert saved.notifications.discord_webhook_url == SecretStr(HOOK)
    assert "ORDER_SENT" in saved.wanted_messages()
    assert "DAILY_SUMMARY" not in saved.wanted_messages()
    assert "planted" not in repr(saved)
    bare = await parts_without(server, tmp_path, "settings", "discord-webhook")
    assert bare.data == CONFIGURED.data
    assert bare.notifications == CONFIGURED.notifications
    assert "ORDER_SENT" not in bare.wanted_messages()


async def test_the_type_that_no_run_ever_used_is_removed_once(server: BlocksServer) -> None:
    assert await blocks._remove_gone() == ["openbell-mock-exchange is removed: no run uses it"]
    assert set(server.documents) == set(DOCUMENTS) - set(GONE)
    assert await blocks._remove_gone() == []
