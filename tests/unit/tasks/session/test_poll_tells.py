"""What is heard between two bars is told then: a bar may last an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blocks.ledger.ledger import DuckDBLedger
from blocks.process.stop_request import StopRequest
from flows.session.account.opening import open_account
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from tasks.session.poll import poll
from tasks.session.warm_up import warm_up
from trading.errors import StoreUnavailable

NOON = datetime(2025, 6, 10, 16, tzinfo=UTC)


class Drain:
    """Counts how often it is woken."""

    woken = 0

    def wake(self) -> None:
        self.woken += 1


def told(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.message.partition(":")[0] for record in log.records]


def test_news_are_told_and_sent_off_before_the_next_bar(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "openbell")
    request = SessionRequest(PlainParts(tmp_path), replay="2025-06-10", symbols=("AAA",))
    with open_account(request, StopRequest()) as account:
        session = account.sessions()[0]
        with account.open_session(session) as runtime:
            drain = Drain()
            runtime = replace(runtime, drain=drain)  # type: ignore[arg-type]
            warm_up(runtime)
            woken = drain.woken
            caplog.clear()
            poll(runtime)
            assert drain.woken == woken, "nothing has happened"
            account.ledger.add_command("halt", "news", NOON)
            poll(runtime)
            assert drain.woken == woken + 1
            assert told(caplog) == ["SYSTEM_WARNING"]
            # Words of the session's own wait for no bar either.
            runtime.notifier.send("SYSTEM_ERROR", "the broker does not answer")
            poll(runtime)
            assert drain.woken == woken + 2
            assert not runtime.notifier.has_more


def test_words_that_cannot_be_kept_are_complained_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(ledger: DuckDBLedger, session: str, messages: object) -> None:
        raise StoreUnavailable("no room is left", "Make room")

    request = SessionRequest(PlainParts(tmp_path), replay="2025-06-10", symbols=("AAA",))
    with open_account(request, StopRequest()) as account:
        session = account.sessions()[0]
        with account.open_session(session) as runtime:
            warm_up(runtime)
            runtime.notifier.send("SYSTEM_ERROR", "the broker does not answer")
            with monkeypatch.context() as patch:
                patch.setattr(DuckDBLedger, "add_messages", full)
                poll(runtime)
                poll(runtime)
            assert sum("messages wait" in record.message for record in caplog.records) == 1
            poll(runtime)
            assert not runtime.notifier.has_more
