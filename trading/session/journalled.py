"""What a journal holds, followed even where rows of it were lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trading.errors import OpenbellError
from trading.session.events import EVERY_SYMBOL, Discrepancy, Event


def follow(events: Iterable[Event], take: Callable[[Event], object]) -> None:
    """Hand each event of a journal to `take`, as a session's state takes it.

    What fitted when it was written and does not now comes after a row that is lost. A discrepancy
    takes its place, so that its symbol is not entered: to end there would end each later try too.
    """
    for event in events:
        try:
            take(event)
        except OpenbellError as error:
            symbol = getattr(event, "symbol", EVERY_SYMBOL)
            why = f"the journal has lost what came before: {error.what}"
            take(Discrepancy(symbol, why, {}))
