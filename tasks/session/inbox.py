"""The operator's words that a session has not taken up yet."""

from __future__ import annotations

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.notes.halts import SEEN_COMMAND
from trading.session.events import Command


class Inbox:
    """Reads the ledger's commands in order; the last one that was seen outlives the process."""

    def __init__(self, ledger: DuckDBLedger) -> None:
        self._ledger = ledger
        self._seen = self._read = int(ledger.meta(SEEN_COMMAND) or 0)

    def words(self) -> list[Command]:
        """Return the commands since those that were returned last."""
        rows = self._ledger.commands_since(self._read)
        self._read = max([self._read, *(number for number, _, _ in rows)])
        return [Command(command, reason) for _, command, reason in rows]

    def mark_seen(self) -> None:
        """Remember that what was returned is in the journal; a second time changes nothing there.

        Not before: a process that dies in between would lose the operator's word.
        """
        if self._read != self._seen:
            self._ledger.remember(SEEN_COMMAND, str(self._read))
            self._seen = self._read
