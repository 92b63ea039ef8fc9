"""The logs of bars' runs together tell all of a day, also what happened between two bars."""

from __future__ import annotations

from pathlib import Path

from blocks.process.stop_request import StopRequest
from flows.session.account.opening import open_account
from flows.session.account.parts import PlainParts
from flows.session.bar_words import BarWords
from flows.session.request import SessionRequest
from flows.session.take_bar import take_bar
from tasks.session.poll import poll
from tasks.session.warm_up import warm_up
from tasks.steps import PLAIN


def test_what_is_heard_between_two_bars_stands_in_the_log_of_the_second(tmp_path: Path) -> None:
    request = SessionRequest(PlainParts(tmp_path), replay="2025-06-10", symbols=("AAA",))
    with open_account(request, StopRequest()) as account:
        session = account.sessions()[0]
        with account.open_session(session) as runtime:
            warm_up(runtime)
            lines = []
            for bar in (0, 1):
                before = BarWords.before(runtime)
                take_bar(runtime, bar, PLAIN)
                lines.append(before.since(runtime))
                now = runtime.bar_end(bar)
                account.ledger.add_command("halt", f"after bar {bar}", now)
                poll(runtime)
    assert not any("after bar" in line for line in lines[0])
    assert [line for line in lines[1] if "after bar 0" in line]
    assert not any("after bar 1" in line for line in lines[1])
