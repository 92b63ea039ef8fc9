"""A row of a session's journal that says nothing is one line to people, and no failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from trading.errors import StoreUnavailable


@contextmanager
def rows_of(session: date) -> Iterator[None]:
    """Read rows of a session's journal; raises StoreUnavailable for one that is damaged."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise StoreUnavailable(
            f"a row of the journal of session {session} cannot be read",
            "Bring back a copy of the ledger with: openbell restore",
        ) from error
