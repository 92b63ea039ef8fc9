"""What is said of copies: whether they leave this machine, who keeps them, and with which keys."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator


class CloudProvider(StrEnum):
    """Who keeps the copies."""

    LOCAL = "local"
    AWS = "aws"
    AZURE = "azure"


# What is made at Azure where nothing is named. Names of buckets are everybody's.
AZURE_CONTAINER = "openbell"


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class CloudSettings(BaseModel):
    """Where copies of the ledger go."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enable_cloud_sync: bool = Field(default=False, description="Copies leave this machine")
    cloud_provider: Annotated[CloudProvider, BeforeValidator(_lower)] = Field(
        default=CloudProvider.LOCAL, description="local, aws or azure"
    )
    cloud_container: str = Field(
        default="",
        description="Bucket, container or local folder of the copies; of azure it is openbell when"
        " left out, and made",
    )
    azure_storage_connection_string: SecretStr | None = Field(
        default=None, description="From the storage account's access keys"
    )
    aws_access_key_id: SecretStr | None = Field(
        default=None, description="Empty: the machine's own"
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None, description="Empty: the machine's own"
    )
    aws_session_token: SecretStr | None = Field(default=None, description="Of temporary keys")
    aws_region: str = Field(default="us-east-1", description="Region of the bucket")
    aws_endpoint_url: str | None = Field(
        default=None, description="Another store that speaks like S3"
    )

    @property
    def is_asked_for(self) -> bool:
        """Return whether somebody wants copies elsewhere, which may know more than this machine."""
        return self.enable_cloud_sync

    @model_validator(mode="after")
    def _check_completeness(self) -> Self:
        if not self.enable_cloud_sync or self.cloud_provider == CloudProvider.LOCAL:
            return self
        if not self.cloud_container and self.cloud_provider != CloudProvider.AZURE:
            raise ValueError("CLOUD_CONTAINER is not set: name the bucket")
        if (
            self.cloud_provider == CloudProvider.AZURE
            and self.azure_storage_connection_string is None
        ):
            raise ValueError("AZURE_STORAGE_CONNECTION_STRING is not set")
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ValueError("set both of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or none")
        return self


class UnreadableCloud(CloudSettings):
    """A cloud that was asked for, and of whose settings not all are right; no place is taken."""

    @property
    def is_asked_for(self) -> bool:
        """Return that it is."""
        return True
