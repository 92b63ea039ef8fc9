"""When to ask Alpaca for news: after a hint, after a request of ours, and else now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from blocks.exchange.alpaca.executions import exec_id_of
from blocks.exchange.alpaca.line.replies import Json
from blocks.exchange.alpaca.orders.their_order import order_in
from blocks.exchange.alpaca.update_stream import UpdateStream
from trading.session.broker.answers import ExchangeUnavailable

# Without a stream news come by asking alone; with one, asking only finds what it left out.
ALONE_SECONDS = 1.0
BESIDE_STREAM_SECONDS = 2.0
# Looks that follow each other at once, with nothing sent in between, see the same.
FRESH_SECONDS = 0.25
# So long the stream may take for what asking has found already.
MUTE_SECONDS = 10.0


class Look(NamedTuple):
    """When orders were looked at, and after how many hints."""

    at: float
    hints: int


class Listening:
    """Watches the stream, and gives it up when asking finds fills that it never told of.

    `steady` is a clock that only goes forward, seconds.
    """

    def __init__(self, steady: Callable[[], float]) -> None:
        self._stream: UpdateStream | None = None
        self._is_open = False
        self._steady = steady
        self._is_hinted = True
        self._asked_at = float("-inf")
        self._hints = 0
        self._look = Look(float("-inf"), 0)
        self._heard: set[str] = set()
        self._awaited: dict[str, float] = {}
        self._was_connected = False

    def open(self, make: Callable[[], UpdateStream | None]) -> None:
        """Begin to listen, where that was not done yet."""
        if not self._is_open:
            self._is_open = True
            self._stream = make()
            if self._stream is not None:
                self._stream.start()

    def close(self) -> None:
        """Stop listening; it begins again when it is opened."""
        if self._stream is not None:
            self._stream.close()
        self._stream, self._is_open = None, False

    def hint(self) -> None:
        """Ask at the next opportunity: something was sent."""
        self._is_hinted = True
        self._hints += 1

    def look(self) -> Look:
        """Return the mark of a look at the orders that begins now."""
        self._hear()
        return Look(self._steady(), self._hints)

    def looked(self, look: Look) -> None:
        """Take note that a look was answered."""
        self._look = look

    def has_just_looked(self) -> bool:
        """Return whether the orders were looked at a moment ago, and nothing was sent since."""
        self._hear()
        is_same = self._look.hints == self._hints
        return is_same and self._steady() - self._look.at < FRESH_SECONDS

    def is_due(self) -> bool:
        """Return whether it is time to ask."""
        self._hear()
        is_listening = self._stream is not None and self._stream.is_connected
        pause = BESIDE_STREAM_SECONDS if is_listening else ALONE_SECONDS
        return self._is_hinted or self._steady() - self._asked_at >= pause

    def asked(self) -> None:
        """Take note that Alpaca is being asked."""
        self._hear()
        self._is_hinted = False
        self._asked_at = self._steady()

    def heard_by_asking(self, executions: Iterable[str]) -> None:
        """Take note of the executions that asking found, by their ids."""
        if self._stream is None:
            return
        is_connected = self._stream.is_connected
        if is_connected and self._was_connected:
            for exec_id in executions:
                if exec_id not in self._heard:
                    self._awaited.setdefault(exec_id, self._steady())
        else:
            # What happens before a connection is made is not told on it.
            self._awaited = {}
        self._was_connected = is_connected
        missed = [at for at in self._awaited.values() if self._steady() - at >= MUTE_SECONDS]
        if missed:
            self._awaited = {}
            self._was_connected = False
            self._stream.renew(f"{len(missed)} fills came to be known by asking alone")

    def _hear(self) -> None:
        if self._stream is None:
            return
        for message in self._stream.take():
            self.hint()
            exec_id = _execution_in(message)
            self._heard.add(exec_id)
            self._awaited.pop(exec_id, None)


def _execution_in(message: Json) -> str:
    """Return the id of the last execution of a message's order, which other news have too."""
    try:
        order = order_in(message.get("order") if isinstance(message, dict) else None)
    except ExchangeUnavailable:
        # A message that cannot be read is a hint all the same.
        return ""
    return exec_id_of(order.id, order.filled)
