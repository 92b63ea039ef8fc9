"""Which messages are wanted and where they go, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from blocks.settings.app_settings import NotificationSettings
from trading.errors import BadInput
from trading.session.messages import ERROR_KINDS, ROUTINE_KINDS, TRADE_KINDS

if TYPE_CHECKING:
    from blocks.messages.discord.webhook import WebhookClient


def notification_settings_of(environment: Mapping[str, str]) -> NotificationSettings:
    """Return the settings that environment variables hold; raises BadInput without their values."""
    texts = {
        name: text.strip()
        for name in NotificationSettings.model_fields
        if (text := environment.get(name.upper(), "")).strip()
    }
    try:
        return NotificationSettings.model_validate(texts)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0]).upper()
        raise BadInput(f"{name} is neither true nor false", "Use true") from None


def wanted_kinds(settings: NotificationSettings) -> frozenset[str]:
    """Return the kinds of messages that go to Discord; the log has all.

    NOTIFY_ON_TRADE: orders, fills, cancellations and closed trades. NOTIFY_ON_ERROR: warnings
    and errors. NOTIFY_ROUTINE: a session's beginning, its ranges, its end and the summary.
    """
    kinds: set[str] = set()
    for is_on, group in (
        (settings.notify_on_trade, TRADE_KINDS),
        (settings.notify_on_error, ERROR_KINDS),
        (settings.notify_routine, ROUTINE_KINDS),
    ):
        kinds |= {str(kind) for kind in group} if is_on else set()
    return frozenset(kinds)


def webhook_of(settings: NotificationSettings) -> WebhookClient | None:
    """Return the webhook, None where none is set; raises BadInput for what is no address."""
    if settings.discord_webhook_url is None:
        return None
    # Imported here: a run without a webhook never pays for an HTTP client.
    from blocks.messages.discord.webhook import WebhookClient

    return WebhookClient(settings.discord_webhook_url)
