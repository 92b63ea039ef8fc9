"""What a ledger holds and nobody can read: one line to people, with the way out, and no failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from blocks.account_commands import RESTORE
from trading.errors import StoreUnavailable


class NotWhole(StoreUnavailable):
    """A ledger that can be read and has lost rows: its books do not follow from its journal."""


WAY_OUT = f"Bring back a copy of the ledger with: {RESTORE}"


def damaged(what: str, why: str = "") -> StoreUnavailable:
    """Return what is to be said of a part of a ledger that cannot be read."""
    return StoreUnavailable(f"{what} cannot be read{': ' if why else ''}{why}", WAY_OUT)


def of_journal(session: date) -> str:
    """Return what a row of a session's journal is called that nobody can place."""
    return f"a row of the journal of session {session}"


@contextmanager
def reading_rows(what: str) -> Iterator[None]:
    """Read rows of a ledger; raises StoreUnavailable where one holds what no version wrote."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise damaged(what) from error
