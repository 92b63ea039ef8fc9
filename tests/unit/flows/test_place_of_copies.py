"""Where commands look for copies, and what they say where deployed runs send theirs."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks.copies.store import store_copy
from blocks.ledger.ledger import DuckDBLedger
from blocks.settings.app_settings import AppSettings
from blocks.storage.local import LocalStorage
from flows.commands.copies import restore, sync
from tests.servers.blocks_server import BlocksServer
from tests.unit.blocks.saved.test_saved_blocks import DOCUMENTS
from trading.errors import BadInput

DEFAULTS = AppSettings.read({}, {})
# No port is below this one, so that nobody answers there.
AWAY = "http://127.0.0.1:1/api"


def asked_for(data_dir: Path, **others: object) -> Namespace:
    """Return the arguments of a command."""
    given: dict[str, Any] = {"account": "paper", "list": False, "version": None, "force": False}
    return Namespace(settings=DEFAULTS, data_dir=data_dir, **given | others)


def account_with_copy(data_dir: Path) -> Path:
    """Make an account and a copy of it where the settings say."""
    ledger = DuckDBLedger(data_dir, "paper")
    # Given back, and not left to whenever the object goes: another one takes it.
    ledger.give_back_lease(ledger.acquire_lease())
    ledger.release()
    store_copy(ledger, LocalStorage(data_dir / "copies"), datetime.now(UTC))
    return data_dir


def served(monkeypatch: pytest.MonkeyPatch, data_dir: Path, url: str) -> None:
    """Let a command find a server at that address."""
    monkeypatch.setenv("PREFECT_API_URL", url)
    monkeypatch.setenv("PREFECT_HOME", str(data_dir / "prefect"))
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "ERROR")


def documents(folder: Path, *distant: str) -> dict[str, Any]:
    """Return saved blocks: a ledger, its folder of copies, and these places elsewhere."""
    kept = {slug: DOCUMENTS[slug] for slug in distant}
    for slug, name, value in (
        ("openbell-ledger", "data_dir", folder),
        ("openbell-local-copies", "folder", folder / "copies"),
    ):
        kept[slug] = json.loads(json.dumps(DOCUMENTS[slug]))
        kept[slug]["data"][name] = str(value)
    return kept


@pytest.mark.parametrize(
    ("distant", "place"),
    [
        (("openbell-s3-copies",), "to bucket old-bucket at http://127.0.0.1:9, as saved"),
        (("openbell-azure-copies",), "old-container"),
        (("openbell-s3-copies", "openbell-azure-copies"), "no place (two saved blocks say"),
        ((), None),
    ],
)
def test_the_place_of_deployed_runs_is_named_where_it_is_another(
    distant: tuple[str, ...],
    place: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    account_with_copy(tmp_path)
    with BlocksServer(documents(tmp_path, *distant)).running() as server:
        served(monkeypatch, tmp_path, server.url)
        with temporary_settings({PREFECT_API_URL: server.url}):
            for command, words in ((sync.run, "folder "), (restore.run, "paper: restored")):
                assert command(asked_for(tmp_path, force=True)) == 0
                told = capsys.readouterr()
                assert words in told.out
                # Prefect's own threads may write there too.
                assert told.err.count("note: ") == (place is not None)
                assert (place or "") in told.err
                assert "planted" not in told.err


@pytest.mark.parametrize(
    ("account", "complaint"), [(None, "has no copies"), ("paper", "has no copy of account 'paper'")]
)
def test_without_copies_and_server_the_user_is_told_where_else_they_may_be(
    account: str | None,
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    served(monkeypatch, tmp_path, AWAY)
    with pytest.raises(BadInput, match=complaint) as refused:
        restore.run(asked_for(tmp_path, account=account))
    assert "A block saved in Prefect may have sent them elsewhere" in str(refused.value)
    assert "CLOUD_CONTAINER" in str(refused.value)
    if account is not None:
        assert restore.run(asked_for(tmp_path, account=account, list=True)) == 0
        assert "A block saved in Prefect" in capsys.readouterr().out
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("missing", ["copies", "account"])
def test_a_server_that_answers_is_no_condition(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, tmp_path, AWAY)
    account_with_copy(tmp_path)
    if missing == "account":
        (tmp_path / "paper" / "ledger.duckdb").unlink()
        assert restore.run(asked_for(tmp_path)) == 0
    else:
        (tmp_path / "copies").rename(tmp_path / "gone")
        assert sync.run(asked_for(tmp_path)) == 0
    assert (tmp_path / "paper" / "ledger.duckdb").exists()
    assert list((tmp_path / "copies").rglob("*.json"))
