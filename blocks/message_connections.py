"""Discord as a Prefect block: what the UI shows and edits, the address masked."""

from __future__ import annotations

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.message_settings import MessageSettings, settings_of_environment


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

    def open(self) -> MessageSettings:
        """Return what a session's messages go by."""
        return MessageSettings(
            discord_webhook_url=self.url,
            notify_on_trade=self.notify_on_trade,
            notify_on_error=self.notify_on_error,
            notify_routine=self.notify_routine,
        )


def wanted_webhook() -> DiscordWebhook | None:
    """Return the block of the environment's webhook, None where it names none."""
    settings = settings_of_environment()
    if settings.discord_webhook_url is None:
        return None
    return DiscordWebhook(
        url=settings.discord_webhook_url,
        notify_on_trade=settings.notify_on_trade,
        notify_on_error=settings.notify_on_error,
        notify_routine=settings.notify_routine,
    )
