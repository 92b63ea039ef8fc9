"""What an account would refuse at the open is said when settings are looked at, with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.account.terms import complaints_of_accounts
from blocks.ledger.ledger import DuckDBLedger
from flows.__main__ import main

REAL, SIMULATED = "providers", "SIMULATED market, seed 1"


def begin(folder: Path, account: str, source: str, exchange: str = "NYSE") -> None:
    ledger = DuckDBLedger(folder, account)
    ledger.keep_plan({"source": source, "exchange": exchange, "strategy_name": "orb"})
    ledger.mark_simulated(source == SIMULATED)
    ledger.release()


@pytest.mark.parametrize(
    ("account", "source", "exchange", "provider", "words"),
    [
        ("paper", REAL, "NYSE", None, ""),
        ("paper", REAL, "LSE", None, "begun on exchange LSE and not on NYSE"),
        ("paper", SIMULATED, "NYSE", None, "DATA_DIR=data-real"),
        ("paper", SIMULATED, "NYSE", "live", "DATA_DIR=data-real"),
        ("paper", SIMULATED, "NYSE", "simulated", ""),
        ("simulated", SIMULATED, "NYSE", "live", ""),
        ("simulated", SIMULATED, "24/7", "simulated", "begun on exchange 24/7 and not on NYSE"),
        ("replay", SIMULATED, "24/7", None, ""),
    ],
)
def test_a_registration_is_refused_what_its_first_session_would_be(
    tmp_path: Path, account: str, source: str, exchange: str, provider: str | None, words: str
) -> None:
    begin(tmp_path, account, source, exchange)
    found = list(complaints_of_accounts(tmp_path, "NYSE", provider, is_scheduled=True))
    assert len(found) == bool(words)
    assert all(words in str(complaint) for complaint in found)
    assert all(complaint.account == account for complaint in found)


def test_validate_config_names_the_account_that_the_settings_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    begin(tmp_path / "data", "paper", REAL)
    settings = tmp_path / ".env"
    settings.write_text("EXCHANGE=LSE\nPRIMARY_PROVIDER=live\n")
    settings.chmod(0o600)
    assert main(["validate-config"]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert "account paper was begun on exchange NYSE and not on LSE" in told[0]
