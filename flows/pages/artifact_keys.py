"""What artifacts are called: those of one key replace each other in Prefect's list."""

from __future__ import annotations

import re


def artifact_key(account: str, kind: str) -> str:
    """Return the key of an account's artifact of a kind: lower case letters, digits and dashes."""
    words = re.sub(r"[^a-z0-9]+", "-", account.lower()).strip("-")
    return f"{words}-{kind}" if words else kind
