"""An account whose ledger is gone is told from one that has not begun, wherever somebody looks."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.account.absence import may_begin, refuse_absent
from blocks.account.status import account_status, live_account
from blocks.account_files import EXCHANGE_FILE, HEALTH_FILE, LEDGER_FILE, LOCAL_COPIES
from blocks.health.checks import Level
from blocks.health.health import check_health
from blocks.live.live_reader import LiveReader
from blocks.live.source import Source
from tests.terminal import flows
from trading.errors import BadInput

NOW = datetime(2025, 6, 14, 15, 0, tzinfo=UTC)
COPIES = {
    "copies are left": "20250610T150000123Z-41.json",
    "a copy is left whose name says nothing": "20250610T150000.json",
    "a copy is left of one that had lost rows": "20250610T150000123Z-41.incomplete.json",
}


@pytest.fixture
def paper(data_dir: Path) -> Path:
    """The folder of an account called paper, with a ledger that was traded."""
    return (data_dir / "replay").rename(data_dir / "paper")


def lose(paper: Path, how: str) -> None:
    if how == "truncated":
        (paper / LEDGER_FILE).write_bytes(b"")
        return
    (paper / LEDGER_FILE).unlink()
    (paper / EXCHANGE_FILE).unlink(missing_ok=True)
    if how == "its health is left":
        (paper / HEALTH_FILE).write_text("{}")
    elif how == "an earlier one is left":
        (paper / f"{LEDGER_FILE}.before-20250610T150000000000").write_bytes(b"x")
    elif how in COPIES:
        copies = paper.parent / LOCAL_COPIES / paper.name
        copies.mkdir(parents=True)
        (copies / COPIES[how]).write_text("{}")
        shutil.rmtree(paper)


@pytest.mark.parametrize(
    "how", ["truncated", "its health is left", "an earlier one is left", *COPIES]
)
def test_a_ledger_that_is_gone_is_red_with_the_way_out(paper: Path, how: str) -> None:
    data_dir = paper.parent
    lose(paper, how)
    report = check_health(data_dir, "paper", NOW)
    assert report.level == Level.UNHEALTHY
    (ledger,) = (c for c in report.components if c.name == "ledger")
    assert "ledger of account 'paper' is gone" in ledger.reason
    assert f"openbell restore --data-dir {data_dir} --account paper" in ledger.hint
    # It is still the account that is meant, and nothing is begun in its place.
    assert live_account(data_dir) == "paper"
    assert not may_begin(data_dir, "paper")
    with pytest.raises(BadInput, match="is gone"):
        account_status(data_dir, "paper")
    seen = LiveReader(Source(data_dir)).look()
    assert (seen.account, seen.health.status) == ("paper", "unhealthy")
    assert seen.problem is not None
    assert "is gone" in seen.problem.what
    done = flows("halt", "--data-dir", data_dir)
    assert (done.returncode, "is gone" in done.stderr) == (2, True)


def test_who_looks_on_remembers_an_account_of_which_nothing_is_left(paper: Path) -> None:
    data_dir = paper.parent
    source = Source(data_dir)
    source.report()
    shutil.copytree(paper, data_dir / "simulated")
    shutil.rmtree(paper)
    # Another account that is there is not shown in its place, as if that had been meant.
    source._read_at = float("-inf")
    report = source.report()
    assert (report.account, report.level) == ("paper", Level.UNHEALTHY)
    assert source.account() == "paper"
    shutil.copytree(data_dir / "simulated", paper)
    source._read_at = float("-inf")
    assert source.report().facts is not None


def test_an_account_that_has_not_begun_is_not_ill_and_is_not_called_well(tmp_path: Path) -> None:
    seen = LiveReader(Source(tmp_path, "paper")).look()
    assert seen.health.status == "healthy"
    assert "account paper has no ledger before its first session" in seen.health.sentence


def test_a_name_that_no_account_has_is_refused_with_those_that_are_there(paper: Path) -> None:
    data_dir = paper.parent
    assert check_health(data_dir, "nope", NOW).level == Level.UNHEALTHY
    with pytest.raises(BadInput, match=r"'nope' is not in .* Name one of: paper"):
        refuse_absent(data_dir, "nope")
    with pytest.raises(BadInput, match="Did you mean --account paper"):
        refuse_absent(data_dir, "papr")
    with pytest.raises(BadInput, match="No account is there yet"):
        refuse_absent(data_dir / "empty", "nope")
    with pytest.raises(BadInput, match="once a session has begun"):
        refuse_absent(data_dir / "empty", "paper")
    done = flows("show-status", "--watch", "--account", "nope", "--data-dir", data_dir)
    assert (done.returncode, "'nope' is not in" in done.stderr) == (2, True)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("account", ["replay", "replay-dry-run"])
def test_a_replay_begins_anew_whenever_somebody_likes(account: str, tmp_path: Path) -> None:
    folder = tmp_path / account
    folder.mkdir()
    (folder / f"{LEDGER_FILE}.before-20250610T150000000000").write_bytes(b"x")
    assert may_begin(tmp_path, account)
