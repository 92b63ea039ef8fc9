"""Messages for people, written to the log."""

from __future__ import annotations

import logging


class LogNotifier:
    """Writes each message as one line of the log `openbell.notifications`."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("openbell.notifications")

    def send(self, kind: str, text: str, **fields: object) -> None:
        """Log one message with its fields."""
        shown = " ".join(f"{name}={value}" for name, value in fields.items())
        self._logger.info("%s: %s%s", kind, text, f" ({shown})" if shown else "")
