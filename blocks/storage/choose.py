"""Where copies are kept, as the settings say: a local folder, S3 or Azure."""

from __future__ import annotations

from pathlib import Path

from blocks.account_files import LOCAL_COPIES
from blocks.storage.local import LocalStorage
from blocks.storage.settings import AZURE_CONTAINER, CloudProvider, CloudSettings, UnreadableCloud
from trading.errors import BadInput
from trading.session.ports import Storage


def storage_from(settings: CloudSettings, data_dir: Path) -> Storage:
    """Return the storage that the settings ask for; raises BadInput when it cannot be used."""
    if isinstance(settings, UnreadableCloud):
        see = "See what is wrong with: openbell validate-config"
        raise BadInput("the settings of the cloud that copies go to are wrong", see)
    if not settings.enable_cloud_sync or settings.cloud_provider == CloudProvider.LOCAL:
        is_named = settings.enable_cloud_sync and settings.cloud_container
        return LocalStorage(Path(settings.cloud_container) if is_named else data_dir / LOCAL_COPIES)
    # Either package takes a while to import, and few runs need one.
    if settings.cloud_provider == CloudProvider.AZURE:
        from blocks.storage.azure import AzureStorage

        # The settings are refused without it.
        assert settings.azure_storage_connection_string is not None
        return AzureStorage(
            settings.cloud_container or AZURE_CONTAINER,
            settings.azure_storage_connection_string,
            is_made=not settings.cloud_container,
        )
    from blocks.storage.s3 import S3Storage

    return S3Storage(
        settings.cloud_container,
        region=settings.aws_region,
        access_key_id=settings.aws_access_key_id,
        secret_access_key=settings.aws_secret_access_key,
        session_token=settings.aws_session_token,
        endpoint_url=settings.aws_endpoint_url,
        # Others than Amazon rarely have a host name for each bucket.
        path_style=settings.aws_endpoint_url is not None,
    )
