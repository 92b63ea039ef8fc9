"""Places for copies as Prefect blocks: what the UI shows and edits, secrets masked."""

from __future__ import annotations

from pathlib import Path

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.storage.local import LocalStorage
from trading.session.ports import Storage


class LocalCopies(Block):
    """Copies of ledgers in a local folder."""

    _block_type_name = "Openbell local copies"
    _block_type_slug = "openbell-local-copies"

    folder: str = Field(description="Folder of the copies")

    def open(self) -> Storage:
        """Return the storage."""
        return LocalStorage(Path(self.folder))


class S3Copies(Block):
    """Copies of ledgers in a bucket of S3, or of anything that speaks like it."""

    _block_type_name = "Openbell S3 copies"
    _block_type_slug = "openbell-s3-copies"

    bucket: str = Field(description="Bucket, which is there already")
    region: str = Field(default="us-east-1", description="Region of the bucket")
    endpoint_url: str | None = Field(default=None, description="Empty: Amazon's own")
    path_style: bool = Field(default=False, description="Bucket in the path, not the host name")
    access_key_id: SecretStr | None = Field(default=None, description="Empty: the machine's")
    secret_access_key: SecretStr | None = Field(default=None, description="Empty: the machine's")

    def open(self) -> Storage:
        """Return the storage; raises BadInput for what cannot be one."""
        # Imported here, as below: the package takes a while, and few runs need it.
        from blocks.storage.s3 import S3Storage

        return S3Storage(
            self.bucket,
            region=self.region,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            endpoint_url=self.endpoint_url or None,
            path_style=self.path_style,
        )


class AzureCopies(Block):
    """Copies of ledgers in a container of Azure Blob Storage."""

    _block_type_name = "Openbell Azure copies"
    _block_type_slug = "openbell-azure-copies"

    container: str = Field(description="Container, which is there already")
    connection_string: SecretStr = Field(description="From the storage account's access keys")

    def open(self) -> Storage:
        """Return the storage; raises BadInput for what cannot be one."""
        from blocks.storage.azure import AzureStorage

        return AzureStorage(self.container, self.connection_string)


# Both are there only where somebody has filled them in.
DISTANT_COPIES: tuple[type[S3Copies] | type[AzureCopies], ...] = (S3Copies, AzureCopies)
