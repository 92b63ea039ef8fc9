"""Sending what an ended session left in its outbox, while nobody trades the account."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.ledger import lease
from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.channel import Channel
from blocks.messages.earlier_outbox import is_earlier, take_over
from blocks.messages.outbox import Outbox
from blocks.messages.outbox_drain import OutboxDrain
from blocks.messages.outbox_rows import count_open, read_channels, waiting

# A longer pause is not waited for: who started this tries again later.
PATIENCE_SECONDS = 20.0
# How often it is looked whether a session wants the account, and with it the outbox.
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Left:
    """What still waits in an account's outbox, and whether it is left to a process that trades."""

    before: int
    waiting: int
    is_traded: bool = False


def has_letters(data_dir: Path, account: str) -> bool:
    """Return whether any channel still has something to send, or a session has to find out."""
    ledger = DuckDBLedger(data_dir, account)
    with ledger.reading() as connection:
        if not is_earlier(connection):
            return waiting(connection).count > 0
    if lease.is_held(data_dir / account):
        return True
    # An account that nobody trades any more: no session will ever do this for it.
    with ledger.changing() as connection:
        take_over(connection)
        return waiting(connection).count > 0


def deliver(
    data_dir: Path,
    account: str,
    channels: Sequence[Channel],
    wanted: frozenset[str],
    should_stop: Callable[[], bool],
    pause: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Left:
    """Send what waits to the channels that a session has opened; no session waits for it.

    Each post is claimed and noted as a session's are, so that whoever goes on sends none twice,
    but for one whose process died between the post and its note: that one says so.
    """
    folder = data_dir / account
    if lease.is_held(folder):
        return Left(0, 0, is_traded=True)
    ledger = DuckDBLedger(data_dir, account)
    before = _waiting(ledger)
    due = {drain: now() for drain in _drains(ledger, channels, wanted)}
    drains = list(due)
    try:
        while due and not should_stop() and not lease.is_held(folder):
            drain = min(due, key=lambda one: due[one])
            wait_s = due[drain] - now()
            if wait_s > PATIENCE_SECONDS:
                break
            if wait_s > 0:
                pause(min(wait_s, LOOK_SECONDS))
                continue
            delay = drain.step()
            if delay is None:
                del due[drain]
            else:
                due[drain] = now() + delay
    finally:
        for drain in drains:
            drain.close()
    return Left(before, _waiting(ledger), is_traded=lease.is_held(folder))


def _drains(
    ledger: DuckDBLedger, channels: Sequence[Channel], wanted: frozenset[str]
) -> list[OutboxDrain]:
    """Return open drains of the channels with something to send.

    One that no session has opened begins with what the next one writes.
    """
    with ledger.reading() as connection:
        known = {state.channel: state for state in read_channels(connection) if state.address}
        open_counts = {name: count_open(connection, name) for name in known}
    found = []
    for channel in channels:
        state = known.get(channel.name)
        if state is None or not open_counts[channel.name]:
            channel.close()
            continue
        kinds = frozenset(state.wanted.split(",")) if state.wanted else wanted
        drain = OutboxDrain(Outbox(ledger, channel.name, channel.fingerprint, kinds), channel)
        drain.open()
        found.append(drain)
    return found


def _waiting(ledger: DuckDBLedger) -> int:
    with ledger.reading() as connection:
        return waiting(connection).count
