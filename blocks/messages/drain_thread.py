"""Drains in threads of their own, one a channel, so that no order and no other channel waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.channel import Channel
from blocks.messages.outbox import Outbox, forget_others
from blocks.messages.outbox_drain import OutboxDrain
from trading.errors import OpenbellError

PAUSE_OF_STORE_SECONDS = 10.0
# What a thread that has nothing to send needs to say so.
SHORTEST_WAIT_SECONDS = 0.5


class DrainThread:
    """Runs a drain beside the session; it is woken by `notify` and waited for at the end only."""

    def __init__(self, drain: OutboxDrain, now: Callable[[], float] = time.monotonic) -> None:
        self._drain = drain
        self._now = now
        self._changed = threading.Condition()
        self._asked = 1
        self._answered = 0
        self._next_at = 0.0
        self._is_stopping = False
        self._log = logging.getLogger("openbell.notifications")
        self._thread = threading.Thread(target=self._run, name="outbox drain", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be new messages; returns at once."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()

    def finish(self, seconds: float) -> bool:
        """Wait until all is sent, but no longer than that, and not for what cannot be by then."""
        deadline = self._now() + seconds
        self.wake()
        with self._changed:
            while self._answered < self._asked and self._thread.is_alive():
                left = deadline - self._now()
                if left <= 0 or self._next_at > deadline:
                    return False
                self._changed.wait(left)
        return True

    def stop(self, seconds: float) -> bool:
        """Send what can be sent in time, then end; return whether that was all."""
        is_all = self.finish(seconds)
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        # A request that hangs is left behind: the thread is a daemon, its attempt is noted.
        self._thread.join(0.5)
        return is_all

    def _run(self) -> None:
        while True:
            with self._changed:
                asked = self._asked
                if self._is_stopping:
                    break
            delay = self._step()
            with self._changed:
                self._next_at = self._now() + (delay or 0.0)
                if delay is None:
                    self._answered = asked
                self._changed.notify_all()
                if delay is None:
                    self._changed.wait_for(lambda: self._is_stopping or self._asked > asked)  # noqa: B023
                elif delay > 0:
                    self._changed.wait_for(lambda: self._is_stopping, delay)
        self._close()

    def _step(self) -> float | None:
        try:
            return self._drain.step()
        except OpenbellError as error:
            self._log.warning("the outbox cannot be used: %s", error)
            return PAUSE_OF_STORE_SECONDS

    def _close(self) -> None:
        try:
            self._drain.close()
        except OpenbellError as error:
            self._log.warning("the outbox cannot be used: %s", error)


class Drains:
    """The drains of an account, one for each channel that is set."""

    def __init__(
        self, threads: Sequence[DrainThread], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._threads = tuple(threads)
        self._now = now

    def wake(self) -> None:
        """Say that there may be new messages; returns at once."""
        for thread in self._threads:
            thread.wake()

    def finish(self, seconds: float) -> bool:
        """Wait until every channel has sent all, but no longer than that; return whether it has."""
        return self._each(DrainThread.finish, seconds)

    def stop(self, seconds: float) -> None:
        """Send what can be sent in time, then end; the rest is for who drains it afterwards."""
        if not self._each(DrainThread.stop, seconds):
            logging.getLogger("openbell.notifications").warning(
                "messages are left in the outbox; `up` sends them, or openbell deliver"
            )

    def _each(self, ask: Callable[[DrainThread, float], bool], seconds: float) -> bool:
        """Ask every thread, also after one that did not come to an end; they work side by side."""
        deadline = self._now() + seconds
        are_done = True
        for thread in self._threads:
            are_done &= ask(thread, max(SHORTEST_WAIT_SECONDS, deadline - self._now()))
        return are_done


def start_drains(
    ledger: DuckDBLedger,
    channels: Sequence[Channel],
    wanted: frozenset[str],
    *,
    are_all: bool = True,
) -> Drains | None:
    """Return running drains of an account's outbox; None without a channel to drain it to.

    Unless these `are_all` that are set, one whose address is misspelt is among the others: what
    waits for it waits on.
    """
    if are_all:
        forget_others(ledger, [channel.name for channel in channels])
    threads = []
    for channel in channels:
        drain = OutboxDrain(Outbox(ledger, channel.name, channel.fingerprint, wanted), channel)
        drain.open()
        threads.append(DrainThread(drain))
    for thread in threads:
        thread.start()
    return Drains(threads) if threads else None
