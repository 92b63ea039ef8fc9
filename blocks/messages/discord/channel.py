"""Discord as a channel: messages become embeds, several in a post when they go together."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.ledger.message_payloads import Payload
from blocks.messages.answer import Answer
from blocks.messages.channel import DISCORD
from blocks.messages.discord.embed import MOST_EMBEDS, MOST_TOGETHER, body_of, embed_of, length_of
from blocks.messages.discord.webhook import WebhookClient
from blocks.messages.outbox_rows import Letter


class DiscordChannel:
    """Posts to one webhook."""

    name = DISCORD
    title = "Discord"
    hint = "Set DISCORD_WEBHOOK_URL to a new webhook; show-status lists what was not delivered"
    most_together = MOST_EMBEDS
    shows_pictures = True

    def __init__(self, client: WebhookClient) -> None:
        self._client = client
        self.limit = client.limit
        self.fingerprint = client.fingerprint

    def fitting(self, letters: Sequence[Letter], payloads: Sequence[Payload]) -> int:
        """Return how many messages have room in one post: Discord counts their letters together."""
        length = 0
        for number, (letter, payload) in enumerate(zip(letters, payloads, strict=True)):
            length += length_of(embed_of(payload, letter.id, is_repeat=letter.is_repeat))
            if length > MOST_TOGETHER:
                return max(1, number)
        return len(letters)

    def send(
        self, letters: Sequence[Letter], payloads: Sequence[Payload], picture: bytes | None
    ) -> Answer:
        """Post messages together and say what came of it; counts against the limit."""
        embeds = [
            embed_of(payload, letter.id, is_repeat=letter.is_repeat, has_picture=bool(picture))
            for letter, payload in zip(letters, payloads, strict=True)
        ]
        return self._client.post(body_of(embeds), picture)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
