"""A question to a source that may take its time, while the session is looked after."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from blocks.process.question import Question
from blocks.process.stop_request import Interrupted, StopRequest
from trading.errors import SourceUnavailable

Answer = TypeVar("Answer")

# What is on this machine has mostly answered by then.
AT_ONCE_SECONDS = 0.05
# An operator's word and a fill are taken up within this time, however long a source is silent.
LOOK_EVERY_SECONDS = 1.0
STOP_EVERY_SECONDS = 0.25
# Clients have time-outs of their own; this is for one that hangs all the same.
LEAST_PATIENCE_SECONDS = 120.0
HINT = "The next bar is asked for again; start the session anew if that goes on"


class LongQuestion:
    """Asks a source in a thread of its own, one question at a time.

    The thread only asks: books, orders and messages stay with the session's own. One whose source
    never answers is left behind, and no second one is sent beside it.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def ask(
        self,
        source: str,
        question: Callable[[], Answer],
        let_go: Callable[[], object],
        tend: Callable[[], object],
        should_stop: StopRequest,
        patience_seconds: float,
    ) -> Answer:
        """Return the answer of `source` to a question; `tend` about once a second meanwhile.

        Where it is not there at once, first `let_go` of what others wait for. Raises what the
        question or tending raises, Interrupted when it is time to stop, and SourceUnavailable
        after `patience_seconds`, at least two minutes.
        """
        patience = max(patience_seconds, LEAST_PATIENCE_SECONDS)
        tending = _Tending(source, let_go, tend, should_stop, patience)
        if self._thread is not None:
            # Of a session that was opened anew since, or of a bar that was given up.
            tending.until_ended(self._thread)
        asked = Question(question, "question")
        self._thread = asked.thread
        tending.until_ended(asked.thread)
        return asked.answer()


class _Tending:
    """Waits for threads, together no longer than its patience, and tends the session meanwhile."""

    def __init__(
        self,
        source: str,
        let_go: Callable[[], object],
        tend: Callable[[], object],
        should_stop: StopRequest,
        patience_seconds: float,
    ) -> None:
        self._source = source
        self._let_go = let_go
        self._tend = tend
        self._should_stop = should_stop
        self._patience_seconds = patience_seconds
        self._began = self._looked = time.monotonic()

    def until_ended(self, thread: threading.Thread) -> None:
        thread.join(AT_ONCE_SECONDS)
        if thread.is_alive():
            self._let_go()
            thread.join(STOP_EVERY_SECONDS)
        while thread.is_alive():
            if self._should_stop():
                raise Interrupted
            now = time.monotonic()
            if now - self._began >= self._patience_seconds:
                raise SourceUnavailable(
                    f"{self._source} did not answer within {self._patience_seconds:.0f} s", HINT
                )
            if now - self._looked >= LOOK_EVERY_SECONDS:
                self._looked = now
                self._tend()
            thread.join(STOP_EVERY_SECONDS)
