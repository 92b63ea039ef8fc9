"""Paper money on real bars is one account, on simulated bars another."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.account.names import account_name
from blocks.account.status import live_account
from blocks.ledger.ledger import DuckDBLedger
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest


def begin(folder: Path, account: str, *, is_simulated: bool) -> None:
    ledger = DuckDBLedger(folder, account)
    ledger.mark_simulated(is_simulated)
    ledger.release()


@pytest.mark.parametrize(
    ("replay", "is_live", "dry_run", "expected"),
    [
        ("2025-06-10", False, False, "replay"),
        ("2025-06-10", True, True, "replay-dry-run"),
        (None, True, False, "paper"),
        (None, True, True, "paper-dry-run"),
        (None, False, False, "simulated"),
        (None, False, True, "simulated-dry-run"),
    ],
)
def test_a_run_on_simulated_bars_never_begins_the_paper_account(
    tmp_path: Path, replay: str | None, is_live: bool, dry_run: bool, expected: str
) -> None:
    asked = SessionRequest(PlainParts(tmp_path, is_live=is_live), replay=replay, dry_run=dry_run)
    assert asked.account == expected
    assert not (tmp_path / expected).exists()


def test_bars_of_a_file_are_real_ones(tmp_path: Path) -> None:
    assert SessionRequest(PlainParts(tmp_path, bars=tmp_path / "bars.csv")).account == "paper"


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_paper_account_begun_on_simulated_bars_goes_on_with_them(
    tmp_path: Path, dry_run: bool
) -> None:
    ending = "-dry-run" if dry_run else ""
    begin(tmp_path, f"paper{ending}", is_simulated=True)
    name = account_name(tmp_path, is_replay=False, has_simulated_bars=True, is_dry_run=dry_run)
    assert name == f"paper{ending}"
    other = account_name(tmp_path, is_replay=False, has_simulated_bars=True, is_dry_run=not dry_run)
    assert other.startswith("simulated")


def test_beside_real_paper_money_simulated_bars_have_their_own_account(tmp_path: Path) -> None:
    begin(tmp_path, "paper", is_simulated=False)
    assert SessionRequest(PlainParts(tmp_path)).account == "simulated"


def test_where_none_is_named_the_account_that_is_traded_is_meant_not_a_later_replay(
    tmp_path: Path,
) -> None:
    assert live_account(tmp_path) is None
    for account in ("replay", "simulated", "paper"):
        begin(tmp_path, account, is_simulated=account != "paper")
        assert live_account(tmp_path) == account
        begin(tmp_path, "replay-dry-run", is_simulated=True)
        if account != "replay":
            assert live_account(tmp_path) == account
