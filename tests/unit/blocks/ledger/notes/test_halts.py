"""Which words of an operator halt an account, as health and pages read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from blocks.account.facts import read_facts
from blocks.ledger.ledger import DuckDBLedger

NOW = datetime(2025, 6, 10, 14, tzinfo=UTC)


def test_a_word_of_a_later_version_is_no_halt_and_hides_none(tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.add_command("explode", "as a newer version has it", NOW)
    ledger.release()
    assert read_facts(tmp_path, "paper").halt is None
    ledger.add_command("flatten", "news", NOW)
    ledger.release()
    halt = read_facts(tmp_path, "paper").halt
    assert halt is not None
    assert (halt.command, halt.reason) == ("flatten", "news")
