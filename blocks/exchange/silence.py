"""Questions that an exchange does not answer, while a session goes on with what it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trading.session.broker.answers import ExchangeUnavailable

LONGEST_PAUSE_SECONDS = 30.0


class Silence:
    """Remembers what was not answered when it was asked last, and when to ask again.

    `now_us` is the desk's clock, 0 where it has none; `speed` is how many of its seconds go by in
    one of the machine's.
    """

    def __init__(self, now_us: Callable[[], int], speed: float) -> None:
        self._now_us = now_us
        self._speed = speed
        self._unanswered: dict[str, str] = {}
        self._failures = 0
        self._next_us = 0

    @property
    def words(self) -> str:
        """Return what the exchange does not answer, an empty text where it answers everything."""
        if not self._unanswered:
            return ""
        said = " and ".join(dict.fromkeys(self._unanswered.values()))
        return f"the exchange does not answer for {', '.join(self._unanswered)}: {said}"

    @property
    def is_to_be_broken(self) -> bool:
        """Return whether something went without an answer and is to be asked again by now.

        Ever more rarely: each question may last until the line's time-out.
        """
        return bool(self._unanswered) and self._now_us() >= self._next_us

    @contextmanager
    def bridged(self, question: str) -> Iterator[None]:
        """Ask something, and go on behind it where no answer comes; later steps are left out."""
        try:
            yield
        except ExchangeUnavailable as error:
            self._unanswered[question] = error.what
            self._failures += 1
            seconds = min(2.0 ** (self._failures - 1), LONGEST_PAUSE_SECONDS)
            self._next_us = self._now_us() + int(seconds * self._speed * 1e6)
        else:
            self._unanswered.pop(question, None)
            if not self._unanswered:
                self._failures = 0
