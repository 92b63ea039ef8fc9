"""What tells early that something happened: a hint, never the source of what is booked."""

from __future__ import annotations

from typing import Protocol

from blocks.exchange.alpaca.line.replies import Json


class UpdateStream(Protocol):
    """Alpaca's trade updates, or what stands for them in one process with a simulated Alpaca."""

    def start(self) -> None:
        """Begin to listen; does not wait for the connection."""
        ...

    def take(self) -> list[Json]:
        """Return the updates that came since this was asked last, oldest first."""
        ...

    @property
    def is_connected(self) -> bool:
        """Return whether updates are being heard, as far as the connection knows."""
        ...

    def renew(self, why: str) -> None:
        """Give this connection up for a new one, after a pause: it has missed something."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...
