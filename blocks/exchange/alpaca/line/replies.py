"""What came back over the line for one request, before anybody judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_QUOTE = 160

# What a JSON document is made of.
Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its JSON where it has some, Alpaca's code and sentence, its headers.

    `is_json` is False of a page of HTML, of half an answer and of none. Header names are in lower
    case.
    """

    status: int
    document: Json = None
    is_json: bool = True
    code: int = 0
    said: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Return whether it is a success that can be read."""
        return 200 <= self.status < 300 and (self.is_json or self.status == 204)

    @property
    def words(self) -> str:
        """Return the answer in words, on one line."""
        said = " ".join(self.said.split())[:LONGEST_QUOTE]
        if not self.is_json and self.status == 200:
            said = "something else than JSON"
        return f"HTTP {self.status}: {said}" if said else f"HTTP {self.status}"


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer came; `was_sent` is False where it is certain that nothing of it was read.

    `is_late` says that it was waited for to the end of its time.
    """

    words: str
    was_sent: bool
    is_late: bool = False


def reply_of(status: int, body: Json, is_json: bool, headers: Mapping[str, str]) -> Reply:
    """Return a reply with the code and the sentence that Alpaca's refusals have."""
    code, said = 0, ""
    if isinstance(body, dict):
        number, message = body.get("code"), body.get("message")
        digits = str(number) if isinstance(number, int | str) and number is not True else ""
        code = int(digits) if digits.isdecimal() else 0
        said = message if isinstance(message, str) else ""
    lower = {name.lower(): value for name, value in headers.items()}
    return Reply(status, body, is_json, code, said, lower)
