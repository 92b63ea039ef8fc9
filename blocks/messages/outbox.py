"""The outbox as one drain holds it: whoever has the claim sends, in order, the others wait."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from blocks.ledger import lease
from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.earlier_outbox import take_over
from blocks.messages.outbox_rows import (
    ChannelState,
    Delivery,
    Letter,
    count_open,
    next_open,
    read_channels,
    read_state,
    recent_ages_s,
    settle_open,
    write_sending,
    write_state,
)

# Longer than one request takes, so that a drain that lives does not lose its claim meanwhile.
CLAIM_SECONDS = 60.0
# Another drain may give its claim back long before it ends.
LOOK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be sent for so many seconds."""

    seconds: float


class Outbox:
    """The messages of an account on their way to one channel, its address known by a hash."""

    def __init__(
        self,
        ledger: DuckDBLedger,
        channel: str,
        address: str,
        wanted: frozenset[str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.ledger = ledger
        self._channel = channel
        self._address = address
        self._wanted = wanted
        self._now = now
        self._drain = uuid.uuid4().hex
        self._ages_s: list[float] = []

    def open(self) -> str | None:
        """Begin with this address; return why it was refused earlier, if it was.

        What was written while the channel had none stays unsent; another address is not refused.
        """
        wanted = ",".join(sorted(self._wanted))
        with self.ledger.changing() as connection:
            take_over(connection)
            state = read_state(connection, self._channel)
            if state.address == self._address:
                if state.wanted != wanted:
                    write_state(connection, replace(state, wanted=wanted))
                return state.refused
            if not state.address:
                why = "written while the channel was not set"
                settle_open(connection, self._channel, Delivery.SKIPPED, self._now(), why)
            write_state(connection, ChannelState(self._channel, self._address, wanted))
        return None

    def take(self, counts_s: float = 0.0, most_together: int = 1) -> list[Letter] | Wait | None:
        """Claim what is to be sent next, more than one to go together; None when there is none.

        A request counts for `counts_s`: who takes over from another drain that has sent some
        since gets `Wait(0)` first, and learns of them by `take_ages`.

        Its attempt is in the ledger before it is made: one that has no end may have arrived.
        """
        with self.ledger.changing() as connection:
            now = self._now()
            if not count_open(connection, self._channel):
                return None
            state = read_state(connection, self._channel)
            until = state.claimed_until
            is_claimed = state.drain != self._drain and until is not None and until > now
            if is_claimed and until is not None and not lease.is_gone(state.holder):
                return Wait(min((until - now).total_seconds(), LOOK_AGAIN_SECONDS))
            settle_open(
                connection, self._channel, Delivery.SKIPPED, now, "switched off", self._wanted
            )
            if state.refused is not None:
                settle_open(connection, self._channel, Delivery.DEAD, now, state.refused)
                return None
            claimed_until = now + timedelta(seconds=CLAIM_SECONDS)
            holder = str(lease.this_holder())
            write_state(
                connection,
                replace(state, holder=holder, drain=self._drain, claimed_until=claimed_until),
            )
            if state.drain != self._drain:
                self._ages_s = recent_ages_s(connection, self._channel, now, counts_s)
                if self._ages_s:
                    return Wait(0.0)
            if state.paused_until is not None and state.paused_until > now:
                return Wait((state.paused_until - now).total_seconds())
            letters = next_open(connection, self._channel, most_together)
            write_sending(connection, self._channel, letters, Delivery.SENDING, now)
            return letters or None

    def take_ages(self) -> list[float]:
        """Return, once, how many seconds ago the drain before sent what still counts."""
        ages, self._ages_s = self._ages_s, []
        return ages

    def settle(
        self,
        letters: Sequence[Letter],
        status: Delivery,
        detail: str = "",
        *,
        may_have_arrived: bool = False,
        pause_s: float = 0.0,
    ) -> None:
        """Write what became of an attempt, and for how long nothing more may be sent."""
        with self.ledger.changing() as connection:
            now = self._now()
            write_sending(
                connection,
                self._channel,
                letters,
                status,
                now,
                detail,
                may_have_arrived=may_have_arrived,
            )
            if pause_s > 0:
                paused_until = now + timedelta(seconds=pause_s)
                state = read_state(connection, self._channel)
                write_state(connection, replace(state, paused_until=paused_until))

    def refuse(self, reason: str) -> None:
        """Give this address up: what waits for it is kept as dead letters, and so is what comes."""
        with self.ledger.changing() as connection:
            state = read_state(connection, self._channel)
            write_state(connection, replace(state, refused=reason))
            settle_open(connection, self._channel, Delivery.DEAD, self._now(), reason)

    def give_back(self) -> None:
        """Let another drain go on at once."""
        with self.ledger.changing() as connection:
            state = read_state(connection, self._channel)
            if state.drain == self._drain:
                write_state(connection, replace(state, holder="", drain="", claimed_until=None))


def forget_others(ledger: DuckDBLedger, channels: Collection[str]) -> None:
    """Note which channels are not set, so that they are not sent later what is written now."""
    with ledger.changing() as connection:
        take_over(connection)
        for state in read_channels(connection):
            if state.address and state.channel not in channels:
                write_state(connection, replace(state, address="", refused=None, paused_until=None))
