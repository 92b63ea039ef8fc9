"""A way to people, as the outbox knows it: messages go in, an answer comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from blocks.ledger.message_payloads import Payload
from blocks.messages.answer import Answer
from blocks.messages.discord.rate_limit import SlidingLimit
from blocks.messages.outbox_rows import Letter

DISCORD = "discord"


class Channel(Protocol):
    """One receiver; `send` never raises for what the other side does.

    `name` is the channel's in the outbox, `title` what people call it, `hint` what they are to do
    when it refuses, `fingerprint` a hash of its address. `limit` says when the next post may go.
    """

    name: str
    title: str
    hint: str
    fingerprint: str
    limit: SlidingLimit
    most_together: int
    shows_pictures: bool

    def fitting(self, letters: Sequence[Letter], payloads: Sequence[Payload]) -> int:
        """Return how many of the messages, from the first on, have room in one post."""
        ...

    def send(
        self, letters: Sequence[Letter], payloads: Sequence[Payload], picture: bytes | None
    ) -> Answer:
        """Post messages together and say what came of it; counts against the limit."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
