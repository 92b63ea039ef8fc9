"""Where copies are kept, as the settings say: a local folder, S3 or Azure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from blocks.storage.local import LocalStorage
from trading.errors import BadInput
from trading.session.ports import Storage


class CloudProvider(StrEnum):
    """Who keeps the copies."""

    LOCAL = "local"
    AWS = "aws"
    AZURE = "azure"


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """What the settings say about copies; `container` is a bucket at S3, or a local folder."""

    is_enabled: bool = False
    provider: CloudProvider = CloudProvider.LOCAL
    container: str = ""
    azure_connection_string: SecretStr | None = None
    aws_access_key_id: SecretStr | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    aws_region: str = "us-east-1"
    aws_endpoint_url: str | None = None


def storage_from(settings: CloudSettings, data_dir: Path) -> Storage:
    """Return the storage that the settings ask for; raises BadInput when they are not enough."""
    if not settings.is_enabled or settings.provider == CloudProvider.LOCAL:
        is_named = settings.is_enabled and settings.container
        return LocalStorage(Path(settings.container) if is_named else data_dir / "copies")
    if not settings.container:
        raise BadInput("CLOUD_CONTAINER is not set", "Name the bucket or container of the copies")
    # Either package takes a while to import, and few runs need one.
    if settings.provider == CloudProvider.AZURE:
        from blocks.storage.azure import AzureStorage

        if settings.azure_connection_string is None:
            raise BadInput(
                "AZURE_STORAGE_CONNECTION_STRING is not set",
                "Copy it from the storage account's access keys",
            )
        return AzureStorage(settings.container, settings.azure_connection_string)
    from blocks.storage.s3 import S3Storage

    if (settings.aws_access_key_id is None) != (settings.aws_secret_access_key is None):
        raise BadInput(
            "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is not set", "Set both or none"
        )
    return S3Storage(
        settings.container,
        region=settings.aws_region,
        access_key_id=settings.aws_access_key_id,
        secret_access_key=settings.aws_secret_access_key,
        session_token=settings.aws_session_token,
        endpoint_url=settings.aws_endpoint_url,
        # Others than Amazon rarely have a host name for each bucket.
        path_style=settings.aws_endpoint_url is not None,
    )


def cloud_settings_of(environment: Mapping[str, str]) -> CloudSettings:
    """Return the settings that environment variables hold."""
    provider = environment.get("CLOUD_PROVIDER", "").strip().lower() or CloudProvider.LOCAL
    if provider not in list(CloudProvider):
        raise BadInput(
            f"CLOUD_PROVIDER {provider!r} is unknown", f"Use one of: {', '.join(CloudProvider)}"
        )
    enabled = environment.get("ENABLE_CLOUD_SYNC", "").strip().lower()
    if enabled not in ("", "true", "false", "1", "0"):
        raise BadInput(f"ENABLE_CLOUD_SYNC {enabled!r} is neither true nor false", "Use true")
    return CloudSettings(
        is_enabled=enabled in ("true", "1"),
        provider=CloudProvider(provider),
        container=environment.get("CLOUD_CONTAINER", "").strip(),
        azure_connection_string=_secret(environment, "AZURE_STORAGE_CONNECTION_STRING"),
        aws_access_key_id=_secret(environment, "AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=_secret(environment, "AWS_SECRET_ACCESS_KEY"),
        aws_session_token=_secret(environment, "AWS_SESSION_TOKEN"),
        aws_region=environment.get("AWS_REGION", "").strip() or "us-east-1",
        aws_endpoint_url=environment.get("AWS_ENDPOINT_URL", "").strip() or None,
    )


def _secret(environment: Mapping[str, str], name: str) -> SecretStr | None:
    text = environment.get(name, "").strip()
    return SecretStr(text) if text else None
