"""How a provider of bars fails: each failure has a name, a cause and a hint."""

from __future__ import annotations

from trading.errors import BadInput, SourceUnavailable


class RateLimited(SourceUnavailable):
    """The provider answers no more for a while; `retry_after_s` is its own word, if it gave one."""

    def __init__(self, what: str, hint: str, retry_after_s: float | None = None) -> None:
        super().__init__(what, hint)
        self.retry_after_s = retry_after_s


class Unauthorized(SourceUnavailable):
    """The provider refuses this client or its key."""


class NotInPlan(SourceUnavailable):
    """The key is good, and its plan does not include what was asked for."""


class TimedOut(SourceUnavailable):
    """No answer within the time-out."""


class NotConnected(SourceUnavailable):
    """The connection could not be made, or broke."""


class BadAnswer(SourceUnavailable):
    """An answer came that is no bars: an error page, a gateway's failure, another shape."""


class EmptyAnswer(SourceUnavailable):
    """An answer without a single bar where the calendar has some: a failure, never 'no data'."""


class NothingThere(EmptyAnswer):
    """The provider has answered in full, of a time long over: it has no bar, and will have none."""


class CircuitOpen(SourceUnavailable):
    """Not asked at all: the provider failed so often that it is left alone for a while."""


class UnknownSymbol(BadInput):
    """The provider knows no such symbol."""


class RangeTooLong(BadInput):
    """More history is asked for than the provider keeps."""
