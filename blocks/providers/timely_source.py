"""A source that is given up for the moment when it is silent, so that the next one is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from blocks.process.question import Question
from blocks.providers.chain import Source
from blocks.providers.errors import NotConnected
from blocks.providers.fetched_bars import FetchedBars
from trading.market.bars import BarRows
from trading.market.calendar import Session

Answer = TypeVar("Answer")

# Longer than a live source's own tries take together, and short enough for one more source after
# it before a session gives the bar up.
SILENCE_SECONDS = 40.0


class TimelySource:
    """Asks a source in a thread of its own, one question at a time.

    One that never answers is left behind, and no second question is put beside it: the others of
    its chain give the bars meanwhile.
    """

    def __init__(self, source: Source, silence_s: float = SILENCE_SECONDS) -> None:
        self.name = source.name
        self._source = source
        self._silence_s = silence_s
        self._thread: threading.Thread | None = None

    def fetch(self, symbols: Sequence[str], start: datetime, end: datetime) -> FetchedBars:
        """Return what the source does; raises NotConnected when it is silent too long."""
        return self._answer_to(lambda: self._source.fetch(symbols, start, end))

    def history(self, symbols: Sequence[str], before: Session) -> BarRows | None:
        """Return what the source does; raises NotConnected when it is silent too long."""
        return self._answer_to(lambda: self._source.history(symbols, before))

    def newest_prices(self, session: Session) -> dict[str, float]:
        """Return what the source knows without asking anybody."""
        return self._source.newest_prices(session)

    def start(self) -> None:
        """Begin to listen, where the source does."""
        self._source.start()

    def close(self) -> None:
        """Let go of what is held open."""
        self._source.close()

    def _answer_to(self, question: Callable[[], Answer]) -> Answer:
        if self._thread is not None and self._thread.is_alive():
            raise NotConnected(
                f"{self.name} has not answered an earlier question yet",
                "The next source is asked; start the session anew if that goes on",
            )
        asked = Question(question, f"ask {self.name}")
        self._thread = asked.thread
        self._thread.join(self._silence_s)
        if self._thread.is_alive():
            raise NotConnected(
                f"{self.name} did not answer within {self._silence_s:.0f} s",
                "The next source is asked; look whether its service is up",
            )
        return asked.answer()
