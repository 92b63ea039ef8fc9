"""A slip in a channel's address does not cost the messages that wait for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.drain_thread import start_drains
from blocks.messages.outbox import Outbox
from blocks.messages.outbox_rows import waiting
from trading.session.messages.message import Kind, system_message

NOW = datetime(2025, 6, 10, 20, tzinfo=UTC)
WANTED = frozenset(map(str, Kind))


@pytest.mark.parametrize("is_misspelt", [True, False])
def test_what_waits_is_sent_when_the_address_is_mended_and_not_when_it_was_taken_away(
    is_misspelt: bool, tmp_path: Path
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    Outbox(ledger, "discord", "abc", WANTED).open()
    fields: dict[str, object] = {"component": "exchange"}
    error = system_message(Kind.SYSTEM_ERROR, "halted", "2025-06-10", "paper", NOW, fields)
    ledger.add_messages("2025-06-10", [error])
    ledger.release()
    assert start_drains(ledger, [], WANTED, are_all=not is_misspelt) is None
    Outbox(ledger, "discord", "abc", WANTED).open()
    with ledger.reading() as connection:
        assert waiting(connection).count == int(is_misspelt)
