"""A question that is put in a thread of its own: whoever asks need not wait for ever."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Question(Generic[Answer]):
    """A question under way in `thread`, and what came of it."""

    def __init__(self, ask: Callable[[], Answer], name: str) -> None:
        self._ask = ask
        self._answers: list[Answer] = []
        self._error: BaseException | None = None
        # Prefect finds by context which run a task, or a line of a log, belongs to.
        context = contextvars.copy_context()
        # No process stays alive for a source that does not answer.
        self.thread = threading.Thread(
            target=context.run, args=(self._put,), name=name, daemon=True
        )
        self.thread.start()

    def answer(self) -> Answer:
        """Return the answer of a thread that has ended, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._answers[0]

    def _put(self) -> None:
        try:
            self._answers.append(self._ask())
        except BaseException as error:  # noqa: BLE001 raised again by whoever waits
            self._error = error
