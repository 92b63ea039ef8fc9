"""The outbox as one drain holds it: whoever has the claim sends, in order, the others wait."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from blocks.ledger import lease
from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.outbox_rows import (
    Delivery,
    DrainState,
    Letter,
    count_open,
    oldest_open,
    read_state,
    recent_ages_s,
    settle_open,
    write_delivery,
    write_state,
)

# Longer than one request takes, so that a drain that lives does not lose its claim meanwhile.
CLAIM_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be sent for so many seconds."""

    seconds: float


class Outbox:
    """The messages of an account on their way to one webhook, named by a hash of its address."""

    def __init__(
        self,
        ledger: DuckDBLedger,
        webhook: str,
        wanted: frozenset[str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.ledger = ledger
        self._webhook = webhook
        self._wanted = wanted
        self._now = now
        self._drain = uuid.uuid4().hex
        self._ages_s: list[float] = []

    def open(self) -> str | None:
        """Begin with this webhook; return why it was refused earlier, if it was.

        What was written while none was set stays unsent; another webhook is not refused.
        """
        with self.ledger.changing() as connection:
            state = read_state(connection)
            if state.webhook == self._webhook:
                return state.refused
            if not state.webhook:
                settle_open(
                    connection, Delivery.SKIPPED, self._now(), "written while no webhook was set"
                )
            write_state(connection, DrainState(self._webhook))
        return None

    def take(self, counts_s: float = 0.0) -> Letter | Wait | None:
        """Claim the oldest message that is to be sent; None when there is none.

        A request counts for `counts_s`: who takes over from another drain that has sent some
        since gets `Wait(0)` first, and learns of them by `take_ages`.

        Its attempt is in the ledger before it is made: one that has no end may have arrived.
        """
        with self.ledger.changing() as connection:
            now = self._now()
            if not count_open(connection):
                return None
            state = read_state(connection)
            until = state.claimed_until
            is_claimed = state.drain != self._drain and until is not None and until > now
            if is_claimed and until is not None and not lease.is_gone(state.holder):
                return Wait((until - now).total_seconds())
            settle_open(connection, Delivery.SKIPPED, now, "switched off", self._wanted)
            if state.refused is not None:
                settle_open(connection, Delivery.DEAD, now, state.refused)
                return None
            claimed_until = now + timedelta(seconds=CLAIM_SECONDS)
            holder = str(lease.this_holder())
            write_state(
                connection,
                replace(state, holder=holder, drain=self._drain, claimed_until=claimed_until),
            )
            if state.drain != self._drain:
                self._ages_s = recent_ages_s(connection, now, counts_s)
                if self._ages_s:
                    return Wait(0.0)
            if state.paused_until is not None and state.paused_until > now:
                return Wait((state.paused_until - now).total_seconds())
            letter = oldest_open(connection)
            if letter is not None:
                write_delivery(connection, letter, Delivery.SENDING, now)
            return letter

    def take_ages(self) -> list[float]:
        """Return, once, how many seconds ago the drain before sent what still counts."""
        ages, self._ages_s = self._ages_s, []
        return ages

    def settle(
        self,
        letter: Letter,
        status: Delivery,
        detail: str = "",
        *,
        may_have_arrived: bool = False,
        pause_s: float = 0.0,
    ) -> None:
        """Write what became of an attempt, and for how long nothing more may be sent."""
        with self.ledger.changing() as connection:
            now = self._now()
            write_delivery(
                connection, letter, status, now, detail, may_have_arrived=may_have_arrived
            )
            if pause_s > 0:
                paused_until = now + timedelta(seconds=pause_s)
                write_state(connection, replace(read_state(connection), paused_until=paused_until))

    def refuse(self, reason: str) -> None:
        """Give this webhook up: what waits for it is kept as dead letters, and so is what comes."""
        with self.ledger.changing() as connection:
            write_state(connection, replace(read_state(connection), refused=reason))
            settle_open(connection, Delivery.DEAD, self._now(), reason)

    def give_back(self) -> None:
        """Let another drain go on at once."""
        with self.ledger.changing() as connection:
            state = read_state(connection)
            if state.drain == self._drain:
                write_state(connection, replace(state, holder="", drain="", claimed_until=None))


def forget_webhook(ledger: DuckDBLedger) -> None:
    """Note that no webhook is set, so that a later one is not sent what is written now."""
    with ledger.changing() as connection:
        state = read_state(connection)
        if state.webhook:
            write_state(connection, replace(state, webhook="", refused=None, paused_until=None))
