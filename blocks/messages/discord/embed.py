"""Payloads as Discord embeds, within Discord's limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from blocks.ledger.message_payloads import Payload
from blocks.messages.content import content_of

PICTURE = "equity.png"
# Discord answers 400 beyond these; counted in characters.
MOST_TITLE, MOST_TEXT, MOST_FIELDS, MOST_NAME, MOST_VALUE, MOST_FOOTER = (
    256,
    4096,
    25,
    256,
    1024,
    2048,
)
# Of all embeds of a post.
MOST_TOGETHER = 6000
MOST_EMBEDS = 10

Embed = dict[str, Any]


def body_of(embeds: Sequence[Embed]) -> dict[str, Any]:
    """Return the JSON that a webhook takes."""
    # Words of the market or of an operator never ring a channel's bell.
    return {"username": "Openbell", "embeds": list(embeds), "allowed_mentions": {"parse": []}}


def embed_of(
    payload: Payload, message_id: str, *, is_repeat: bool = False, has_picture: bool = False
) -> Embed:
    """Return a message as an embed; the footer tells one message from another.

    `is_repeat` says that an earlier attempt may have arrived.
    """
    title, colour, text, fields = content_of(payload)
    footer = f"{message_id} | {payload.account_id}"
    if is_repeat:
        footer += " | sent again: the first attempt had no answer"
    embed: Embed = {
        "title": _cut(title, MOST_TITLE),
        "color": colour,
        "timestamp": payload.timestamp.isoformat(),
        "footer": {"text": _cut(footer, MOST_FOOTER)},
    }
    left = MOST_TOGETHER - len(embed["title"]) - len(embed["footer"]["text"])
    if text:
        embed["description"] = _cut(text, min(MOST_TEXT, left // 2))
        left -= len(embed["description"])
    embed["fields"] = _fields(fields, left)
    if has_picture:
        embed["image"] = {"url": f"attachment://{PICTURE}"}
    return embed


def length_of(embed: Embed) -> int:
    """Return how many characters of an embed Discord counts."""
    texts = [embed["title"], embed.get("description", ""), embed["footer"]["text"]]
    texts += [text for field in embed["fields"] for text in (field["name"], field["value"])]
    return sum(map(len, texts))


def _fields(fields: Iterable[tuple[str, str]], left: int) -> list[dict[str, Any]]:
    """Return what fits; an empty value would be refused, so it is left out."""
    shown: list[dict[str, Any]] = []
    for name, value in fields:
        name, value = _cut(name.strip(), MOST_NAME), _cut(value.strip(), MOST_VALUE)
        left -= len(name) + len(value)
        if left < 0 or len(shown) == MOST_FIELDS:
            break
        if name and value:
            shown.append({"name": name, "value": value, "inline": len(value) < 40})
    return shown


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
