"""Discord as a Prefect block: what the UI shows and edits, the address masked."""

from __future__ import annotations

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.messages.settings import NotificationSettings


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

    def settings(self) -> NotificationSettings:
        """Return what the block says, in the place of the settings of the same names."""
        return NotificationSettings(
            discord_webhook_url=self.url,
            notify_on_trade=self.notify_on_trade,
            notify_on_error=self.notify_on_error,
            notify_routine=self.notify_routine,
        )


def wanted_webhooks(configured: NotificationSettings) -> list[DiscordWebhook]:
    """Return the block of the settings' webhook, none where they name none."""
    if configured.discord_webhook_url is None:
        return []
    return [
        DiscordWebhook(
            url=configured.discord_webhook_url,
            notify_on_trade=configured.notify_on_trade,
            notify_on_error=configured.notify_on_error,
            notify_routine=configured.notify_routine,
        )
    ]
