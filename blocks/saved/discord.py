"""Discord as a Prefect block: what the UI shows and edits, the address masked."""

from __future__ import annotations

import os

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.messages.discord.webhook import WebhookClient
from blocks.settings.app_settings import NotificationSettings
from blocks.settings.messages import notification_settings_of, wanted_kinds


class DiscordWebhook(Block):
    """A Discord channel that messages are posted to."""

    _block_type_name = "Openbell Discord webhook"
    _block_type_slug = "openbell-discord-webhook"

    url: SecretStr = Field(description="From the channel's settings, Integrations, Webhooks")
    notify_on_trade: bool = Field(default=True, description="Orders, fills and closed trades")
    notify_on_error: bool = Field(default=True, description="Warnings and errors")
    notify_routine: bool = Field(
        default=True, description="A session's beginning, ranges, end and daily summary"
    )

    def open(self) -> WebhookClient:
        """Return the webhook."""
        return WebhookClient(self.url)

    def wanted(self) -> frozenset[str]:
        """Return the kinds of messages that it is sent."""
        return wanted_kinds(
            NotificationSettings(
                notify_on_trade=self.notify_on_trade,
                notify_on_error=self.notify_on_error,
                notify_routine=self.notify_routine,
            )
        )


def wanted_webhooks() -> list[DiscordWebhook]:
    """Return the block of the environment's webhook, none where it names none."""
    settings = notification_settings_of(os.environ)
    if settings.discord_webhook_url is None:
        return []
    return [
        DiscordWebhook(
            url=settings.discord_webhook_url,
            notify_on_trade=settings.notify_on_trade,
            notify_on_error=settings.notify_on_error,
            notify_routine=settings.notify_routine,
        )
    ]
