"""Copies in a container of Azure Blob Storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
)
from azure.storage.blob import BlobServiceClient, ExponentialRetry
from pydantic import SecretStr

from blocks.storage.content import (
    CONNECT_SECONDS,
    MOST_TRIES,
    READ_SECONDS,
    check_content,
    sha256_of,
)
from trading.errors import BadInput, OpenbellError, StoreUnavailable

REFUSED = frozenset({401, 403})


class AzureStorage:
    """Blobs of one container; each carries the SHA-256 of its content, which `get` compares.

    With `is_made` a container that is not there is made.
    """

    def __init__(
        self,
        container: str,
        connection_string: SecretStr,
        *,
        is_made: bool = False,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        tries: int = MOST_TRIES,
    ) -> None:
        try:
            service = BlobServiceClient.from_connection_string(
                connection_string.get_secret_value(),
                connection_timeout=connect_seconds,
                read_timeout=read_seconds,
                retry_policy=ExponentialRetry(
                    initial_backoff=1, increment_base=2, retry_total=tries - 1
                ),
            )
            self._client = service.get_container_client(container)
        except ValueError:
            raise BadInput(
                "AZURE_STORAGE_CONNECTION_STRING or CLOUD_CONTAINER cannot be read",
                "Copy the connection string from the storage account's access keys",
            ) from None
        self._is_to_be_made = is_made
        self._place = f"container {container} at {service.primary_hostname}"

    def __str__(self) -> str:
        return self._place

    def put(self, name: str, content: bytes) -> None:
        """Store content under a name, replacing what was there."""
        self._make(name)
        with self._errors(name):
            self._client.upload_blob(
                name,
                content,
                overwrite=True,
                metadata={"sha256": sha256_of(content)},
            )

    def get(self, name: str) -> bytes:
        """Return what is stored under a name."""
        with self._errors(name):
            answer = self._client.download_blob(name)
            content: bytes = answer.readall()
        check_content(self, name, content, (answer.properties.metadata or {}).get("sha256"))
        return content

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with a prefix, sorted."""
        self._make(prefix)
        with self._errors(prefix):
            return sorted(self._client.list_blob_names(name_starts_with=prefix))

    def delete(self, name: str) -> None:
        """Remove what is stored under a name; nothing happens when it is not there."""
        try:
            with self._errors(name):
                self._client.delete_blob(name)
        except _Absent:
            return

    def _make(self, name: str) -> None:
        """Make the container where nobody named one, once."""
        if self._is_to_be_made:
            with self._errors(name), suppress(ResourceExistsError):
                self._client.create_container()
            self._is_to_be_made = False

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        # The library's texts are not passed on: some quote requests.
        try:
            yield
        except (AzureError, OSError) as error:
            # An answer that broke off is of this kind too, and has no status.
            if isinstance(error, HttpResponseError) and error.status_code is not None:
                raise self._refusal(error, name) from None
            raise StoreUnavailable(
                f"{self._place} does not answer: {type(error).__name__}",
                "Check AZURE_STORAGE_CONNECTION_STRING and the network, and try again",
            ) from None
        except ValueError:
            raise BadInput(
                f"{self._place} cannot be asked: the account key is no key",
                "Copy the connection string from the storage account's access keys",
            ) from None

    def _refusal(self, error: HttpResponseError, name: str) -> OpenbellError:
        code = str(getattr(error, "error_code", "") or error.status_code)
        if code == "ContainerNotFound":
            return BadInput(f"{self._place} does not exist", "Create it, or set CLOUD_CONTAINER")
        if error.status_code == 404:
            return _Absent(f"{name} is not in {self._place}", "See which copies there are")
        if isinstance(error, ClientAuthenticationError) or error.status_code in REFUSED:
            return BadInput(
                f"{self._place} refuses the key: {code}",
                "Check AZURE_STORAGE_CONNECTION_STRING and its permissions",
            )
        return StoreUnavailable(f"{self._place} failed: {code}", "Try again later")


class _Absent(StoreUnavailable):
    """There is no such blob."""
