"""What people are told of a simulated session."""

from __future__ import annotations

from pathlib import Path

from tasks.simulation.story import Story
from trading.session.messages.message import Kind


class Alerts:
    """A notifier that keeps what people are told."""

    def __init__(self, story: Story) -> None:
        self._story = story
        # What somebody has to see to; what is sent of each order says nothing of trouble.
        self.warnings: list[str] = []
        self.errors: list[str] = []
        # A folder of the machine's own choice, which is no part of the story.
        self.folder = Path()

    def send(self, kind: str, text: str, **fields: object) -> None:
        """Keep a message; what is told by the machine's seconds stays out of the story."""
        text = text.replace(str(self.folder), "DATA")
        if kind == Kind.SYSTEM_WARNING:
            self.warnings.append(text)
        elif kind == Kind.SYSTEM_ERROR:
            self.errors.append(text)
        self._story.tell(f"told {kind} {text if kind == 'SYSTEM_ERROR' else ''}".rstrip())
