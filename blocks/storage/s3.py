"""Copies in a bucket of S3, or of anything that speaks like it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from pydantic import SecretStr

from blocks.storage.content import (
    CONNECT_SECONDS,
    MOST_TRIES,
    READ_SECONDS,
    check_content,
    sha256_of,
)
from trading.errors import BadInput, OpenbellError, StoreUnavailable

ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
REFUSED = frozenset(
    {
        "403",
        "401",
        "AccessDenied",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "AuthorizationHeaderMalformed",
        "PermanentRedirect",
        "301",
    }
)


class S3Storage:
    """Objects of one bucket; each carries the SHA-256 of its content, which `get` compares."""

    def __init__(
        self,
        bucket: str,
        *,
        region: str = "us-east-1",
        access_key_id: SecretStr | None = None,
        secret_access_key: SecretStr | None = None,
        session_token: SecretStr | None = None,
        endpoint_url: str | None = None,
        path_style: bool = False,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        tries: int = MOST_TRIES,
    ) -> None:
        """Without keys those of the machine are used, as boto3 finds them."""
        self._bucket = bucket
        self._place = f"bucket {bucket} at {endpoint_url or f'S3 {region}'}"
        try:
            self._client: Any = boto3.session.Session().client(
                "s3",
                region_name=region,
                endpoint_url=endpoint_url,
                aws_access_key_id=_text(access_key_id),
                aws_secret_access_key=_text(secret_access_key),
                aws_session_token=_text(session_token),
                config=Config(
                    connect_timeout=connect_seconds,
                    read_timeout=read_seconds,
                    retries={"total_max_attempts": tries, "mode": "standard"},
                    s3={"addressing_style": "path" if path_style else "auto"},
                    # Newer checksums are refused by many that only speak like S3.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        except (BotoCoreError, ValueError) as error:
            raise BadInput(
                f"{self._place} cannot be used: {type(error).__name__}",
                "Check AWS_ENDPOINT_URL, AWS_REGION and the keys",
            ) from None

    def __str__(self) -> str:
        return self._place

    def put(self, name: str, content: bytes) -> None:
        """Store content under a name, replacing what was there."""
        with self._errors(name):
            self._client.put_object(
                Bucket=self._bucket,
                Key=name,
                Body=content,
                Metadata={"sha256": sha256_of(content)},
            )

    def get(self, name: str) -> bytes:
        """Return what is stored under a name."""
        with self._errors(name):
            answer = self._client.get_object(Bucket=self._bucket, Key=name)
            content: bytes = answer["Body"].read()
        check_content(self, name, content, answer.get("Metadata", {}).get("sha256"))
        return content

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with a prefix, sorted."""
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def delete(self, name: str) -> None:
        """Remove what is stored under a name; nothing happens when it is not there."""
        with self._errors(name):
            self._client.delete_object(Bucket=self._bucket, Key=name)

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        # The library's texts are not passed on: some quote requests.
        try:
            yield
        except ClientError as error:
            raise self._refusal(
                str(error.response.get("Error", {}).get("Code", "")), name
            ) from None
        except (NoCredentialsError, PartialCredentialsError):
            raise BadInput(
                f"{self._place} needs keys and there are none",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ) from None
        except (BotoCoreError, OSError) as error:
            raise StoreUnavailable(
                f"{self._place} does not answer: {type(error).__name__}",
                "Check AWS_ENDPOINT_URL and the network, and try again",
            ) from None

    def _refusal(self, code: str, name: str) -> OpenbellError:
        if code == "NoSuchBucket":
            return BadInput(f"{self._place} does not exist", "Create it, or set CLOUD_CONTAINER")
        if code in ABSENT:
            return StoreUnavailable(f"{name} is not in {self._place}", "See which copies there are")
        if code in REFUSED:
            return BadInput(
                f"{self._place} refuses the keys: {code}",
                "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and their permissions",
            )
        return StoreUnavailable(f"{self._place} failed: {code}", "Try again later")


def _text(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
