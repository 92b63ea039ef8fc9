"""A warm-up whose store failed is repeated on the same session, and nothing is taken twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from flows.session.account.opening import open_account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.session.warm_up import warm_up
from trading.errors import StoreUnavailable
from trading.market.calendar import Session


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_warm_up_is_repeated_after_a_full_disk(
    begun: bool, failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = SessionRequest(
        parts=PlainParts(tmp_path),
        replay="2025-06-10",
        symbols=("AAA", "BBB"),
        interval_minutes=30,
        settings={"range_minutes": 30, "min_body": -1.0, "target": "none"},
    )
    should_stop = StopRequest()

    def stop(session: Session, bar: int, bars: int) -> None:
        should_stop.requested = bar >= 3

    if begun:
        asyncio.run(run_account(asked, should_stop=should_stop, progress=stop))
    commit, commits = DuckDBLedger.commit, 0

    def fails_once(ledger: DuckDBLedger, *arguments: Any, **named: Any) -> None:
        nonlocal commits
        commits += 1
        if commits == failing:
            raise StoreUnavailable("no space left", "Make room")
        commit(ledger, *arguments, **named)

    with open_account(replace(asked), StopRequest()) as account:
        session = account.sessions()[0]
        monkeypatch.setattr(DuckDBLedger, "commit", fails_once)
        with account.open_session(session) as runtime:
            try:
                assert warm_up(runtime)
            except StoreUnavailable:
                assert warm_up(runtime)
            kinds = [row.event for row in account.ledger.journal_of(runtime.name)]
            assert len(set(map(repr, kinds))) == len(kinds), "journalled twice"
            assert runtime.desk.reconcile() == {}
    monkeypatch.undo()
    assert asyncio.run(run_account(asked)) == 1
