"""What a stored object's content is compared with, and how long its place is waited for."""

from __future__ import annotations

import hashlib

from trading.errors import StoreUnavailable

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
MOST_TRIES = 3


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def check_content(storage: object, name: str, content: bytes, sha256: str | None) -> None:
    """Raise StoreUnavailable when content is not what was stored; some places keep no hash."""
    if sha256 and sha256_of(content) != sha256:
        raise StoreUnavailable(
            f"{name} in {storage} was altered after it was stored", "Use another copy"
        )
