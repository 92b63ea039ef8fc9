"""Secrets taken out of text: those that are known, and whatever looks like a key in a URL."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from html import escape
from typing import Any
from urllib.parse import quote

STARS = "********"
# Shorter ones would take harmless words out of the logs.
SHORTEST = 5
_PATTERNS = (
    # A web hook's address is all that one needs to post there.
    re.compile(r"(/api/(?:v\d+/)?webhooks/\d+/)[\w.-]+"),
    re.compile(
        r"((?:[?&]|\b)(?:x-)?(?:api[_-]?key|access[_-]?key|token|secret|password|passwd|signature"
        r"|sig|x-amz-[a-z-]+)=)[^&\s\"'<>;,)]+",
        re.IGNORECASE,
    ),
    re.compile(r"((?:AccountKey|SharedAccessSignature|SharedAccessKey)=)[^;\s\"']+", re.IGNORECASE),
    re.compile(r"(\b(?:Bearer|Basic) )[\w.~+/=-]{8,}"),
    re.compile(r"(://[^/\s:@]+:)[^/\s@]+(?=@)"),
)
_PARTS = (re.compile(r"/webhooks/\d+/([\w.-]+)"), re.compile(r"(?:Key|Signature)=([^;]+)"))


class SecretMask:
    """Learns secrets, and takes them out of text as URLs, JSON and HTML write them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secrets: Iterable[str]) -> None:
        """Remember secrets, and the keys inside of connection strings and web hooks."""
        with self._lock:
            for secret in secrets:
                parts = [found for pattern in _PARTS for found in pattern.findall(secret)]
                for text in (secret, *parts):
                    if len(text) >= SHORTEST:
                        self._known |= {text, quote(text, safe=""), quote(text)}
                        self._known |= {json.dumps(text)[1:-1], escape(text)}
            # The longest first: one secret may be the beginning of another.
            ordered = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """Return text without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(STARS, text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<1>{STARS}", text)
        return text

    def value(self, value: Any) -> Any:
        """Return a value of a log record without secrets; what is no text stays what it is."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.value(name): self.value(item) for name, item in value.items()}
            case list() | tuple() | set():
                return [self.value(item) for item in value]
            case None | bool() | int() | float():
                return value
            case _:
                shown = str(value)
                masked = self.text(shown)
                return value if masked == shown else masked


MASK = SecretMask()
