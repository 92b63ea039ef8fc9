"""Where a session's messages go: the log at once, and the outbox."""

from __future__ import annotations

import logging

from blocks.ledger.ledger import DuckDBLedger
from trading.errors import StoreUnavailable
from trading.session.messages.message import Message, system_message
from trading.session.ports import Clock, Notifier


class SessionNotifier:
    """Logs every message; words of the bot's own wait in memory for `keep`.

    So `send` may stand on the path of an order: it writes to no store. What a session's events
    say is in the outbox by the projection, and only shown here.
    """

    def __init__(self, log: Notifier, ledger: DuckDBLedger, clock: Clock, session: str) -> None:
        self._log = log
        self._ledger = ledger
        self._clock = clock
        self._session = session
        self._waiting: list[Message] = []
        self._has_failed = False

    def send(self, kind: str, text: str, **fields: object) -> None:
        """Log words of the bot's own, to be kept later.

        The fields `title`, `severity`, `component` and `action_required` have a place of their
        own, others are details.
        """
        self._log.send(kind, text, **fields)
        now, account = self._clock.now(), self._ledger.account
        self._waiting.append(system_message(kind, text, self._session, account, now, fields))

    def show(self, message: Message) -> None:
        """Log a message that is in the outbox already."""
        self._log.send(message.event_type, message.text, session=self._session)

    @property
    def has_more(self) -> bool:
        """Return whether something was sent that is not in the outbox yet."""
        return bool(self._waiting)

    def keep(self) -> None:
        """Put what was sent into the outbox; needs no lease, and waits for another time if not."""
        try:
            if self._waiting:
                self._ledger.add_messages(self._session, self._waiting)
            self._waiting, self._has_failed = [], False
        except StoreUnavailable as error:
            # Said once: it is tried again every second, and a disk may be full for hours.
            if not self._has_failed:
                logging.getLogger("openbell.notifications").warning("messages wait: %s", error)
            self._has_failed = True
