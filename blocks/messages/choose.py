"""The channels that the settings name."""

from __future__ import annotations

from blocks.messages.channel import Channel
from blocks.messages.settings import NotificationSettings
from trading.errors import BadInput


def channels_of(settings: NotificationSettings) -> tuple[list[Channel], list[BadInput]]:
    """Return the channels, and what is wrong with those that cannot be one: the others go on."""
    channels: list[Channel] = []
    wrong: list[BadInput] = []
    if settings.discord_webhook_url is not None:
        # Imported here: a run without a webhook never pays for an HTTP client.
        from blocks.messages.discord.channel import DiscordChannel
        from blocks.messages.discord.webhook import WebhookClient

        try:
            channels.append(DiscordChannel(WebhookClient(settings.discord_webhook_url)))
        except BadInput as error:
            wrong.append(error)
    if settings.notify_urls is None:
        return channels, wrong
    from blocks.messages.apprise_channel import AppriseChannel, addresses

    names = {channel.name for channel in channels}
    for address in addresses(settings.notify_urls.get_secret_value()):
        try:
            channel = AppriseChannel(address)
        except BadInput as error:
            wrong.append(error)
            continue
        # The same address twice is one receiver.
        if channel.name not in names:
            names.add(channel.name)
            channels.append(channel)
    return channels, wrong


def wrong_addresses(text: str) -> list[BadInput]:
    """Return what is wrong with the addresses of NOTIFY_URLS, without showing one."""
    from blocks.messages.apprise_channel import AppriseChannel, addresses

    wrong = []
    for address in addresses(text):
        try:
            AppriseChannel(address).close()
        except BadInput as error:
            wrong.append(error)
    return wrong
