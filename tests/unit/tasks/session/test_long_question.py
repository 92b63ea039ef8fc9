"""A source that takes its time keeps nobody else waiting."""

from __future__ import annotations

import threading

from blocks.process.stop_request import StopRequest
from tasks.session.long_question import LongQuestion


def test_what_others_wait_for_is_let_go_while_a_source_takes_its_time() -> None:
    is_let_go = threading.Event()

    def answers_only_then() -> bool:
        return is_let_go.wait(60.0)

    assert LongQuestion().ask(
        "a source", answers_only_then, is_let_go.set, lambda: None, StopRequest(), 60.0
    )
