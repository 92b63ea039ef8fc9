"""Trouble of a session reaches people: in the account's outbox once, and as an artifact."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from blocks.ledger.ledger import DuckDBLedger
from flows import session_trouble as module
from flows.session_trouble import session_trouble

RUN = "2025-06-10 paper"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []

    async def keep(content: str, **named: Any) -> None:
        kept.append({"text": content, **named})

    monkeypatch.setattr(module, "acreate_markdown_artifact", keep)
    monkeypatch.setattr(module, "get_run_logger", logging.getLogger)
    monkeypatch.setattr(module, "begin_process", lambda folder: None)
    return kept


def tell(folder: Path, what: str, why: str) -> str:
    state = asyncio.run(session_trouble.fn(what, RUN, why, str(folder)))
    assert state.is_completed()
    return str(state.message)


def test_a_crash_is_a_message_of_the_account_once_however_often_it_is_told(
    tmp_path: Path, shown: list[dict[str, Any]]
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.remember("account", "paper")
    for _ in range(2):
        said = tell(tmp_path, "crashed", "killed")
    assert said == f"session {RUN} crashed: killed"
    rows = ledger.query("SELECT kind, payload FROM outbox")
    assert [row["kind"] for row in rows] == ["SYSTEM_ERROR"]
    assert RUN in rows[0]["payload"]
    assert {each["key"] for each in shown} == {"paper-session-trouble"}
    assert "paper" in shown[0]["description"]


def test_a_ledger_that_is_gone_is_not_begun_anew_by_its_own_bad_news(
    tmp_path: Path, shown: list[dict[str, Any]]
) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    ledger.remember("account", "paper")
    ledger.release()
    ledger.path.rename(ledger.path.with_name("ledger.duckdb.before-20250610T150000000000"))
    before = sorted(tmp_path.rglob("*"))
    tell(tmp_path, "failed", "it was removed")
    assert [each["key"] for each in shown] == ["paper-session-trouble"]
    assert sorted(tmp_path.rglob("*")) == before


def test_without_an_account_the_page_says_it_and_no_account_is_made(
    tmp_path: Path, shown: list[dict[str, Any]]
) -> None:
    tell(tmp_path, "is late", "")
    assert [each["key"] for each in shown] == ["session-trouble"]
    assert list(tmp_path.iterdir()) == []


def test_the_account_that_the_run_is_named_by_is_told(
    tmp_path: Path, shown: list[dict[str, Any]]
) -> None:
    for account in ("paper", "simulated"):
        DuckDBLedger(tmp_path, account).remember("account", account)
    asyncio.run(session_trouble.fn("failed", "2025-06-10 simulated", "", str(tmp_path)))
    assert shown[0]["key"] == "simulated-session-trouble"
    assert DuckDBLedger(tmp_path, "simulated").query("SELECT kind FROM outbox")
    assert not DuckDBLedger(tmp_path, "paper").query("SELECT kind FROM outbox")
