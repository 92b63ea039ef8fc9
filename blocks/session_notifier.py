"""Where a session's messages go: the log at once, the outbox with the next projection."""

from __future__ import annotations

from collections.abc import Callable

from trading.messages import Message, system_message
from trading.ports import Clock, Notifier


class SessionNotifier:
    """Logs every message, and hands words of the bot's own on to be kept in the outbox."""

    def __init__(
        self,
        log: Notifier,
        keep: Callable[[Message], None],
        clock: Clock,
        session: str,
        account: str,
    ) -> None:
        self._log = log
        self._keep = keep
        self._clock = clock
        self._session = session
        self._account = account

    def send(self, kind: str, text: str, **fields: object) -> None:
        """Log words of the bot's own and keep them; `title`, `severity`, `component` and
        `action_required` are known by name, other fields are details.
        """
        self._log.send(kind, text, **fields)
        now = self._clock.now()
        self._keep(system_message(kind, text, self._session, self._account, now, dict(fields)))

    def show(self, message: Message) -> None:
        """Log a message that is kept already."""
        self._log.send(message.event_type, message.text, session=self._session)
