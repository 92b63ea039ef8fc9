"""The drain: sends the outbox to one channel, a post at a time, and notes what came of each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydantic import ValidationError

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.message_payloads import Payload, payload_from_json
from blocks.ledger.transfers import EARNED_EQUITY
from blocks.messages.answer import Answer, Outcome
from blocks.messages.channel import Channel
from blocks.messages.outbox import Outbox, Wait
from blocks.messages.outbox_rows import Delivery, Letter
from blocks.process.failpoints import reach
from blocks.report.equity_picture import equity_png
from trading.market.calendar import to_microseconds
from trading.session.messages.message import Kind

LONGEST_BACK_OFF_SECONDS = 300.0
# With the back-off about 25 minutes: longer than most outages, and a bad message ends somewhere.
MOST_ATTEMPTS = 12


class OutboxDrain:
    """Sends one post at a time: attempt noted, request, outcome noted."""

    def __init__(self, outbox: Outbox, channel: Channel) -> None:
        self._outbox = outbox
        self._channel = channel
        self._failures = 0
        # So many messages go alone, after a post of several was refused for one of them.
        self._alone = 0
        self._log = logging.getLogger("openbell.notifications")

    @property
    def ledger(self) -> DuckDBLedger:
        """Return whose messages these are."""
        return self._outbox.ledger

    def open(self) -> None:
        """Begin, and say once when the channel was refused before."""
        refusal = self._outbox.open()
        if refusal is not None:
            self._say_refused(refusal)

    def step(self) -> float | None:
        """Send at most one post; return the seconds until the next step, None when empty."""
        limit = self._channel.limit
        delay = limit.delay()
        if delay > 0:
            return delay
        most = 1 if self._alone else self._channel.most_together
        taken = self._outbox.take(limit.longest_s, most)
        # A receiver counts by address, whichever process of ours posted.
        limit.note_earlier(self._outbox.take_ages())
        if taken is None:
            return None
        if isinstance(taken, Wait):
            return taken.seconds
        self._send(taken)
        return limit.delay()

    def close(self) -> None:
        """Let another drain go on, and close the connection."""
        try:
            self._outbox.give_back()
        finally:
            self._channel.close()

    def _send(self, letters: list[Letter]) -> None:
        payloads = self._readable(letters)
        if payloads is None:
            return
        fitting = self._channel.fitting(letters, payloads)
        if fitting < len(letters):
            self._put_back(letters[fitting:], "", 0.0, may_have_arrived=False)
            letters, payloads = letters[:fitting], payloads[:fitting]
        self._alone = max(0, self._alone - 1)
        picture = None
        if letters[0].kind == Kind.DAILY_SUMMARY and self._channel.shows_pictures:
            picture = summary_picture(self._outbox.ledger, letters[0].session)
        answer = self._channel.send(letters, payloads, picture)
        reach("message posted")
        self._note(letters, answer)

    def _note(self, letters: list[Letter], answer: Answer) -> None:
        is_worn_out = letters[0].attempts >= MOST_ATTEMPTS and answer.may_have_arrived
        match answer.outcome:
            case Outcome.TAKEN:
                if self._failures:
                    self._log.info("%s takes messages again", self._channel.title)
                self._failures = 0
                self._outbox.settle(letters, Delivery.SENT)
            case Outcome.LIMITED:
                pause = answer.retry_after_s
                self._put_back(letters, answer.reason, pause, may_have_arrived=False)
            case Outcome.FAILED if not is_worn_out:
                if not self._failures:
                    name, why = self._channel.title, answer.reason
                    self._log.warning("%s took no message: %s. It is tried again", name, why)
                self._failures += 1
                pause = min(LONGEST_BACK_OFF_SECONDS, 2.0 ** min(self._failures, 10))
                self._channel.limit.pause(pause)
                may_have_arrived = answer.may_have_arrived
                self._put_back(letters, answer.reason, pause, may_have_arrived=may_have_arrived)
            case Outcome.REVOKED:
                self._outbox.refuse(answer.reason)
                self._say_refused(answer.reason)
            case Outcome.REFUSED if len(letters) > 1:
                # One of them is to blame, and the others are not to be lost with it.
                self._alone = len(letters)
                self._put_back(letters, answer.reason, 0.0, may_have_arrived=False)
            case _:
                self._bury(letters, answer.reason)

    def _readable(self, letters: list[Letter]) -> list[Payload] | None:
        """Return what the letters say; None when one cannot be read, which is buried."""
        payloads = []
        for letter in letters:
            try:
                payloads.append(payload_from_json(letter.payload))
            except ValidationError:
                others = [other for other in letters if other is not letter]
                self._put_back(others, "", 0.0, may_have_arrived=False)
                self._bury([letter], "its payload is not readable")
                return None
        return payloads

    def _put_back(
        self, letters: Sequence[Letter], reason: str, pause_s: float, *, may_have_arrived: bool
    ) -> None:
        if not may_have_arrived:
            # Nobody has seen it: an outage of hours is no fault of the message.
            letters = [replace(letter, attempts=letter.attempts - 1) for letter in letters]
        self._outbox.settle(
            letters,
            Delivery.WAITING,
            reason,
            may_have_arrived=may_have_arrived,
            pause_s=pause_s,
        )

    def _bury(self, letters: list[Letter], reason: str) -> None:
        self._outbox.settle(letters, Delivery.DEAD, reason)
        for letter in letters:
            self._log.warning("message %s is given up: %s", letter.id, reason)

    def _say_refused(self, reason: str) -> None:
        name, hint = self._channel.title, self._channel.hint
        self._log.warning("%s refuses messages: %s. %s", name, reason, hint)


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
