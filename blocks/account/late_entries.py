"""What a session did not enter because it was too late, read from its ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from trading.reasons import Reason

# Of the newest session that has decided anything: its bars, and its entries that were not sent.
_QUESTION = """
WITH newest AS (SELECT max(session) AS session FROM decisions)
SELECT session::VARCHAR AS session,
    (SELECT count(DISTINCT bar) FROM decisions AS d WHERE d.session = newest.session) AS bars,
    (SELECT count(DISTINCT bar) FROM decisions AS d
     WHERE d.session = newest.session AND reason = ?) AS late_bars,
    (SELECT count(*) FROM orders AS o
     WHERE o.session = newest.session AND leg = 'entry' AND reason = ?) AS late_entries
FROM newest WHERE session IS NOT NULL
"""


class LateEntries(NamedTuple):
    """Of how many of a session's `bars` the decision came too late, and how many entries did."""

    session: str
    bars: int
    late_bars: int
    late_entries: int

    @property
    def words(self) -> str:
        """Return it in words, an empty text where nothing came too late."""
        said = []
        if self.late_bars:
            said.append(f"{self.late_bars} of {self.bars} bars came too late to enter by")
        if self.late_entries == 1:
            said.append("an entry was too late to be sent")
        elif self.late_entries:
            said.append(f"{self.late_entries} entries were too late to be sent")
        return ", and ".join(said)


def late_entries(ask: Callable[[str, list[object]], list[dict[str, object]]]) -> LateEntries | None:
    """Return what the newest session did not enter for being late, None before its first bar.

    `ask` takes a question of the ledger with its values and returns rows.
    """
    rows = ask(_QUESTION, [Reason.MISSED.word, Reason.MISSED.word])
    if not rows:
        return None
    session, *counts = rows[0].values()
    return LateEntries(str(session), *(int(str(count)) for count in counts))
