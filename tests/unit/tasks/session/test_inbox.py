"""An operator's word is taken up once, and a process that dies over it loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process import failpoints
from blocks.process.stop_request import StopRequest
from flows.session.account.opening import open_account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from tasks.session.inbox import Inbox
from tasks.session.poll import poll
from tasks.session.warm_up import warm_up
from trading.session.events import Command

NOON = datetime(2025, 6, 10, 16, tzinfo=UTC)


class Died(Exception):
    pass


def test_words_come_once_and_in_order(tmp_path: Path) -> None:
    ledger = DuckDBLedger(tmp_path, "paper")
    inbox = Inbox(ledger)
    ledger.add_command("halt", "lunch", NOON)
    ledger.add_command("resume", "", NOON)
    assert inbox.words() == [Command("halt", "lunch"), Command("resume", "")]
    assert inbox.words() == []
    inbox.mark_seen()
    ledger.add_command("flatten", "rain", NOON)
    assert Inbox(ledger).words() == [Command("flatten", "rain")]


@pytest.mark.parametrize("edge", ["before commit", "after commit", "before project"])
def test_a_word_outlives_a_process_that_dies_over_it(edge: str, tmp_path: Path) -> None:
    request = SessionRequest(PlainParts(tmp_path), replay="2025-06-10", symbols=("AAA",))
    with open_account(request, StopRequest()) as account:
        session = account.sessions()[0]
        with account.open_session(session) as runtime:
            warm_up(runtime)
            account.ledger.add_command("halt", "news", NOON)

            def die(reached: str) -> None:
                if reached == edge:
                    raise Died

            failpoints.on_reach(die)
            try:
                with pytest.raises(Died):
                    poll(runtime)
            finally:
                failpoints.on_reach(None)
    with open_account(request, StopRequest()) as account, account.open_session(session) as runtime:
        warm_up(runtime)
        poll(runtime)
        assert runtime.state.halt.is_halted
        assert runtime.state.halt.reason == "news"
