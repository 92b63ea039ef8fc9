"""Messages for people, written to the log."""

from __future__ import annotations

import logging

from trading.session.messages.message import Kind

# Whoever counts the errors of a log, as health does, counts these as what they are.
LEVELS = {str(Kind.SYSTEM_ERROR): logging.ERROR, str(Kind.SYSTEM_WARNING): logging.WARNING}


class LogNotifier:
    """Writes each message as one line of the log `openbell.notifications`."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("openbell.notifications")

    def send(self, kind: str, text: str, **fields: object) -> None:
        """Log one message with its fields, as serious as its kind."""
        shown = " ".join(f"{name}={value}" for name, value in fields.items())
        level = LEVELS.get(str(kind), logging.INFO)
        self._logger.log(level, "%s: %s%s", kind, text, f" ({shown})" if shown else "")
