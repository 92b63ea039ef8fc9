"""The drain: sends the outbox to Discord in a thread of its own, so that no order ever waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.message_payloads import payload_from_json
from blocks.ledger.transfers import EARNED_EQUITY
from blocks.messages.answer import Answer, Outcome
from blocks.messages.discord.embed import body_of
from blocks.messages.outbox import Outbox, Wait, forget_webhook
from blocks.messages.outbox_rows import Delivery, Letter
from blocks.process.failpoints import reach
from blocks.report.equity_picture import equity_png
from trading.errors import OpenbellError
from trading.market.calendar import to_microseconds
from trading.session.messages import Kind

if TYPE_CHECKING:
    from blocks.messages.discord.webhook import WebhookClient

LONGEST_BACK_OFF_SECONDS = 300.0
# With the back-off about 25 minutes: longer than most outages, and a bad message ends somewhere.
MOST_ATTEMPTS = 12
PAUSE_OF_STORE_SECONDS = 10.0
HINT = "Set DISCORD_WEBHOOK_URL to a new webhook; show-status lists what was not delivered"


class OutboxDrain:
    """Sends one message at a time: attempt noted, request, outcome noted."""

    def __init__(self, outbox: Outbox, client: WebhookClient) -> None:
        self._outbox = outbox
        self._client = client
        self._failures = 0
        self._log = logging.getLogger("openbell.notifications")

    def open(self) -> None:
        """Begin, and say once when the webhook was refused before."""
        refusal = self._outbox.open()
        if refusal is not None:
            self._say_refused(refusal)

    def step(self) -> float | None:
        """Send at most one message; return the seconds until the next step, None when empty."""
        delay = self._client.limit.delay()
        if delay > 0:
            return delay
        taken = self._outbox.take(self._client.limit.longest_s)
        # Discord counts by webhook, whichever process of ours posted.
        self._client.limit.note_earlier(self._outbox.take_ages())
        if taken is None:
            return None
        if isinstance(taken, Wait):
            return taken.seconds
        self._send(taken)
        return self._client.limit.delay()

    def close(self) -> None:
        """Let another drain go on, and close the connection."""
        self._outbox.give_back()
        self._client.close()

    def _send(self, letter: Letter) -> None:
        try:
            payload = payload_from_json(letter.payload)
        except ValidationError:
            self._bury(letter, "its payload is not readable")
            return
        picture = None
        if letter.kind == Kind.DAILY_SUMMARY:
            picture = summary_picture(self._outbox.ledger, letter.session)
        body = body_of(
            payload, letter.id, is_repeat=letter.is_repeat, has_picture=picture is not None
        )
        answer = self._client.post(body, picture)
        reach("message posted")
        match answer.outcome:
            case Outcome.TAKEN:
                self._failures = 0
                self._outbox.settle(letter, Delivery.SENT)
            case Outcome.LIMITED:
                self._postpone(letter, answer, answer.retry_after_s)
            case Outcome.FAILED if letter.attempts < MOST_ATTEMPTS or not answer.may_have_arrived:
                self._failures += 1
                pause = min(LONGEST_BACK_OFF_SECONDS, 2.0 ** min(self._failures, 10))
                self._client.limit.pause(pause)
                self._postpone(letter, answer, pause)
            case Outcome.REVOKED:
                self._outbox.refuse(answer.reason)
                self._say_refused(answer.reason)
            case _:
                self._bury(letter, answer.reason)

    def _postpone(self, letter: Letter, answer: Answer, pause_s: float) -> None:
        if not answer.may_have_arrived:
            # Discord has not seen it: an outage of hours is no fault of the message.
            letter = replace(letter, attempts=letter.attempts - 1)
        self._outbox.settle(
            letter,
            Delivery.WAITING,
            answer.reason,
            may_have_arrived=answer.may_have_arrived,
            pause_s=pause_s,
        )

    def _bury(self, letter: Letter, reason: str) -> None:
        self._outbox.settle(letter, Delivery.DEAD, reason)
        self._log.warning("message %s is given up: %s", letter.id, reason)

    def _say_refused(self, reason: str) -> None:
        self._log.warning("Discord refuses the webhook: %s. %s", reason, HINT)


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

    def stop(self, seconds: float) -> None:
        """Send what can be sent in time, then end; the rest is for the next process."""
        if not self.finish(seconds):
            self._log.warning("messages are left in the outbox; the next run sends them")
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        # A request that hangs is left behind: the thread is a daemon, its attempt is noted.
        self._thread.join(0.5)

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


def summary_picture(ledger: DuckDBLedger, session: str) -> bytes | None:
    """Return the account's equity up to a session as a PNG, None while there is none."""
    points = ledger.query(f"{EARNED_EQUITY} WHERE session <= ? ORDER BY ts", [session])
    label = " (SIMULATED bars)" if ledger.has_simulated_bars() else ""
    ledger.release()
    if not points:
        return None
    equity = np.array([float(point["equity"]) for point in points])
    us = np.array([to_microseconds(point["ts"]) for point in points], dtype=np.int64)
    return equity_png(us, equity, f"account {ledger.account} to {session}{label}")


def start_drain(
    ledger: DuckDBLedger, client: WebhookClient | None, wanted: frozenset[str]
) -> DrainThread | None:
    """Return a running drain of an account's outbox; None without a webhook to drain it to."""
    if client is None:
        forget_webhook(ledger)
        return None
    drain = OutboxDrain(Outbox(ledger, client.fingerprint, wanted), client)
    drain.open()
    thread = DrainThread(drain)
    thread.start()
    return thread
