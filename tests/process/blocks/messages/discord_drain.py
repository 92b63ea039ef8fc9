"""An outbox with messages in it, drains of it, and time that passes when it is told to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from blocks.ledger.ledger import DuckDBLedger
from blocks.messages.channel import Channel
from blocks.messages.discord.channel import DiscordChannel
from blocks.messages.discord.rate_limit import SlidingLimit
from blocks.messages.discord.webhook import WebhookClient
from blocks.messages.outbox import Outbox
from blocks.messages.outbox_drain import OutboxDrain
from blocks.messages.outbox_rows import ChannelState, read_state, write_state
from flows.session.account.parts import PlainParts
from tests.servers.discord_server import DiscordServer
from trading.errors import BadInput
from trading.session.messages.message import Kind, system_message

SESSION = "2025-06-10"
ACCOUNT = "replay"
ALL = frozenset(map(str, Kind))
UNLIMITED = ((1_000_000, 1.0),)
BEGIN = datetime(2025, 6, 10, 13, 30, tzinfo=UTC)


class FakeTime:
    """Both clocks of a drain; waiting moves them on."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


def ledger_with(
    folder: Path, count: int = 0, first: int = 0, kind: str = "SYSTEM_WARNING"
) -> DuckDBLedger:
    ledger = DuckDBLedger(folder, ACCOUNT)
    add(ledger, count, first, kind)
    return ledger


def add(
    ledger: DuckDBLedger, count: int, first: int = 0, kind: str = "SYSTEM_WARNING"
) -> list[str]:
    messages = [
        system_message(kind, f"word {first + n}", SESSION, ACCOUNT, BEGIN, {}) for n in range(count)
    ]
    ledger.add_messages(SESSION, messages)
    ledger.release()
    return [message.id for message in messages]


def written(ledger: DuckDBLedger) -> list[str]:
    rows = ledger.query("SELECT id FROM outbox ORDER BY number")
    ledger.release()
    return [row["id"] for row in rows]


def statuses(ledger: DuckDBLedger) -> dict[str, int]:
    rows = ledger.query("SELECT status FROM outbox_sendings")
    ledger.release()
    return dict(Counter(row["status"] for row in rows))


def drain_of(
    ledger: DuckDBLedger,
    server: DiscordServer,
    windows: tuple[tuple[int, float], ...] = UNLIMITED,
    *,
    at: FakeTime | None = None,
    wanted: frozenset[str] = ALL,
    timeout_s: float = 10.0,
    url: str = "",
    is_new: bool = False,
) -> OutboxDrain:
    """Return an open drain; what was written before is not left out unless `is_new`."""
    monotonic: Callable[[], float] = time.monotonic if at is None else at.monotonic
    limit = SlidingLimit(windows, monotonic)
    channel = DiscordChannel(WebhookClient(SecretStr(url or server.url), limit, timeout_s))
    now = (lambda: datetime.now(UTC)) if at is None else at.now
    return open_drain(ledger, channel, now, wanted=wanted, is_new=is_new)


def open_drain(
    ledger: DuckDBLedger,
    channel: Channel,
    now: Callable[[], datetime],
    *,
    wanted: frozenset[str] = ALL,
    is_new: bool = False,
) -> OutboxDrain:
    """Return an open drain to any channel; what was written before is its too unless `is_new`."""
    if not is_new:
        know(ledger, channel.name, channel.fingerprint)
    drain = OutboxDrain(Outbox(ledger, channel.name, channel.fingerprint, wanted, now), channel)
    drain.open()
    return drain


def know(ledger: DuckDBLedger, channel: str, address: str) -> None:
    """Let a channel be set before anything was written, as if the account had begun with it."""
    with ledger.changing() as connection:
        if not read_state(connection, channel).address:
            write_state(connection, ChannelState(channel, address, ",".join(sorted(ALL))))


def left_by_an_earlier_version(
    folder: Path, server: DiscordServer, account: str = ACCOUNT
) -> tuple[DuckDBLedger, list[str]]:
    """Return a ledger whose outbox knows Discord alone, and the two of its four that wait."""
    ledger = DuckDBLedger(folder, account)
    fingerprint = drain_of(ledger, server)._channel.fingerprint
    add(ledger, 4)
    sent, dead, *waiting = written(ledger)
    with ledger.changing() as connection:
        connection.execute("DELETE FROM outbox_channels")
        connection.execute(
            "CREATE TABLE outbox_deliveries (id VARCHAR PRIMARY KEY, status VARCHAR,"
            " attempts BIGINT, may_have_arrived BOOLEAN, changed TIMESTAMPTZ, detail VARCHAR);"
            "CREATE TABLE outbox_state (webhook VARCHAR, holder VARCHAR, drain VARCHAR,"
            " claimed_until TIMESTAMPTZ, paused_until TIMESTAMPTZ, refused VARCHAR)"
        )
        connection.execute(
            "INSERT INTO outbox_state VALUES (?, '', '', NULL, NULL, NULL)", [fingerprint]
        )
        for one, status in ((sent, "sent"), (dead, "dead")):
            connection.execute(
                "INSERT INTO outbox_deliveries VALUES (?, ?, 1, FALSE, ?, '')", [one, status, BEGIN]
            )
    return ledger, waiting


def drain_all(drain: OutboxDrain, wait: Callable[[float], Any] = time.sleep) -> None:
    for _ in range(10_000):
        delay = drain.step()
        if delay is None:
            return
        if delay > 0:
            wait(delay)
    raise AssertionError("the drain does not come to an end")


@dataclass(frozen=True)
class DiscordParts(PlainParts):
    """Plain parts that post to a server of the test, as often as that allows."""

    url: str = ""
    windows: tuple[tuple[int, float], ...] = UNLIMITED
    timeout_s: float = 10.0

    def channels(self) -> tuple[list[Channel], list[BadInput]]:
        limit = SlidingLimit(self.windows)
        client = WebhookClient(SecretStr(self.url), limit, self.timeout_s)
        return [DiscordChannel(client)], []
