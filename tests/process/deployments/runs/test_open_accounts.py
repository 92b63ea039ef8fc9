"""Accounts whose sessions nobody trades, beside others that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.account_files import LEDGER_FILE
from blocks.ledger.ledger import DuckDBLedger
from deployments.runs.open_accounts import OpenAccounts, Standing
from tests.process.deployments.runs.test_restarts import traded


def of_a_newer_version(folder: Path, account: str) -> None:
    ledger = DuckDBLedger(folder, account)
    ledger.remember("format", "99")
    ledger.release()


def damaged(folder: Path, account: str) -> None:
    (folder / account / LEDGER_FILE).write_bytes(b"no database" * 2_000)


@pytest.mark.parametrize("spoil", [of_a_newer_version, damaged])
def test_an_account_that_cannot_be_read_keeps_no_other_from_being_taken_up(
    spoil: Callable[[Path, str], None], tmp_path: Path
) -> None:
    said: list[str] = []
    accounts = OpenAccounts(tmp_path, said.append)
    for account in ("another", "one-more", "paper"):
        with traded(tmp_path, account):
            pass
    for account in ("another", "one-more"):
        spoil(tmp_path, account)
    now = datetime.now(UTC)
    for _ in range(3):
        assert accounts.look(now) == {"paper": Standing.LOST}
    assert [line.split(":")[0] for line in said] == [
        "Account another is not looked after",
        "Account one-more is not looked after",
    ]
