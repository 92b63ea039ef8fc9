"""Who lives for months has ledgers looked at by a process of its own, and stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.account.operator_word import leave_word
from blocks.ledger.ledger import DuckDBLedger
from blocks.process.apart import NoAnswer, answer_of
from tests.repository import REPOSITORY
from trading.errors import BadInput, StoreUnavailable

NOW = datetime(2025, 6, 10, 15, 0, tzinfo=UTC)
# A process as a supervisor is one: it asks everything that it ever asks of a ledger.
SUPERVISOR = """
import json, sys
from datetime import datetime
from pathlib import Path
from blocks.account.names import account_name
from blocks.account.operator_word import leave_word_apart
from deployments.runs.open_accounts import OpenAccounts
folder, now = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
said = [leave_word_apart(folder, "paper", "halt", "a\\0b \u20ac", now, "run 1").said for _ in "12"]
print(json.dumps({
    "said": said,
    "standing": {name: str(how) for name, how in OpenAccounts(folder, print).look(now).items()},
    "simulated": account_name(folder, is_replay=False, has_simulated_bars=True),
    "heavy": [name for name in ("duckdb", "numpy", "pandas", "pydantic") if name in sys.modules],
}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.mark_simulated(True)
    ledger.release()
    return tmp_path


def test_a_supervisor_does_all_that_it_asks_of_ledgers_without_duckdb(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SUPERVISOR, str(folder), NOW.isoformat()],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert [said.partition(".")[0] for said in answer["said"]] == [
        "halt is left for account paper",
        "halt is already left for account paper",
    ]
    assert answer["standing"] == {"paper": "Standing.IDLE"}
    assert answer["simulated"] == "paper"
    assert answer["heavy"] == []
    rows = DuckDBLedger(folder, "paper").query("SELECT command, reason FROM commands")
    assert rows == [{"command": "halt", "reason": "a\0b \u20ac"}]


def test_what_is_wrong_is_the_same_error_on_either_side(folder: Path) -> None:
    arguments = (str(folder), "nobody", "halt", "", NOW.isoformat(), "run 2")
    with pytest.raises(BadInput) as apart:
        answer_of("blocks.account.operator_word", *arguments)
    with pytest.raises(BadInput) as here:
        leave_word(folder, "nobody", "halt", "", NOW, "run 2")
    assert str(apart.value) == str(here.value)
    (folder / "paper" / "ledger.duckdb").write_bytes(b"no database at all")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        answer_of("blocks.ledger.open_session", str(folder / "paper" / "ledger.duckdb"))


@pytest.mark.parametrize(
    "module", ["no.such.module", "blocks.process.apart", "blocks.account.question"]
)
def test_a_process_that_says_nothing_of_use_is_told_apart_from_an_answer(module: str) -> None:
    with pytest.raises(NoAnswer):
        answer_of(module, "x")
