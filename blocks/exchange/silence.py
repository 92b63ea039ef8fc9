"""Questions that an exchange does not answer, while a session goes on with what it knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trading.session.broker_answers import ExchangeUnavailable


class Silence:
    """Remembers what was not answered when it was asked last."""

    def __init__(self) -> None:
        self._unanswered: dict[str, str] = {}

    @property
    def words(self) -> str:
        """Return what the exchange does not answer, an empty text where it answers everything."""
        if not self._unanswered:
            return ""
        said = " and ".join(dict.fromkeys(self._unanswered.values()))
        return f"the exchange does not answer for {', '.join(self._unanswered)}: {said}"

    @contextmanager
    def bridged(self, question: str) -> Iterator[None]:
        """Ask something, and go on behind it where no answer comes; later steps are left out."""
        try:
            yield
        except ExchangeUnavailable as error:
            self._unanswered[question] = error.what
        else:
            self._unanswered.pop(question, None)
