"""Drains an outbox until it is empty or killed; a process of its own.

Usage: python -m tests.process.blocks.messages.drain_worker DATA_DIR ACCOUNT [COUNT SECONDS],
the webhook in DISCORD_WEBHOOK_URL; COUNT in SECONDS is the limit to keep instead of Discord's own.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.discord.channel import DiscordChannel
from blocks.messages.discord.rate_limit import SlidingLimit
from blocks.messages.discord.webhook import WebhookClient
from blocks.messages.outbox import Outbox
from blocks.messages.outbox_drain import OutboxDrain
from blocks.settings.reader import read_settings


def main(data_dir: str, account: str, *limit: str) -> int:
    settings = read_settings().required().notifications
    assert settings.discord_webhook_url is not None
    client = WebhookClient(settings.discord_webhook_url)
    if limit:
        client.limit = SlidingLimit(((int(limit[0]), float(limit[1])),))
    ledger = DuckDBLedger(Path(data_dir), account)
    channel = DiscordChannel(client)
    wanted = settings.wanted_kinds()
    drain = OutboxDrain(Outbox(ledger, channel.name, channel.fingerprint, wanted), channel)
    drain.open()
    while (delay := drain.step()) is not None:
        time.sleep(delay)
    drain.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
