"""Drains an outbox until it is empty or killed; a process of its own.

Usage: python -m tests.process.blocks.messages.drain_worker DATA_DIR ACCOUNT [COUNT SECONDS],
the webhook in DISCORD_WEBHOOK_URL; COUNT in SECONDS is the limit to keep instead of Discord's own.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.discord.rate_limit import SlidingLimit
from blocks.messages.outbox import Outbox
from blocks.messages.outbox_drain import OutboxDrain
from blocks.settings.messages import notification_settings_of, wanted_kinds, webhook_of


def main(data_dir: str, account: str, *limit: str) -> int:
    settings = notification_settings_of(os.environ)
    client = webhook_of(settings)
    assert client is not None
    if limit:
        client.limit = SlidingLimit(((int(limit[0]), float(limit[1])),))
    ledger = DuckDBLedger(Path(data_dir), account)
    drain = OutboxDrain(Outbox(ledger, client.fingerprint, wanted_kinds(settings)), client)
    drain.open()
    while (delay := drain.step()) is not None:
        time.sleep(delay)
    drain.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
