"""What health says of a component, and the checks of what an account's ledger and log tell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from blocks.account.facts import AccountFacts
from blocks.account.telemetry_facts import LoggedError
from blocks.account_commands import RESTORE, account_command
from blocks.ledger.notes.broker_view import BrokerView

# Longer than a message takes that is sent again once or twice.
WAITING_LONG = timedelta(seconds=60)
# Who is told nothing for so long is to hear of it from elsewhere.
DEAF = timedelta(minutes=30)


class Level(StrEnum):
    """How well something is; the worst one counts."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"

    @property
    def rank(self) -> int:
        """Return 0, 1 or 2; more is worse."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that was looked at; `since` is when it became so, `hint` what to do about it."""

    name: str
    level: Level
    reason: str
    since: datetime | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An account in its data folder, as the commands of a hint name it."""

    data_dir: Path
    account: str

    def flows(self, command: str) -> str:
        """Return a command of `openbell` for this account."""
        return account_command(command, self.data_dir, self.account)

    def with_folder(self, hint: str) -> str:
        """Return a hint of somebody who knows no folder, with this account's where it restores."""
        is_whole = f"{RESTORE} --" in hint
        return hint if is_whole else hint.replace(RESTORE, self.flows("restore"))

    def up(self) -> str:
        """Return the command that runs everything."""
        return f"openbell up --data-dir {self._folder}"

    def log(self, words: str = "") -> str:
        """Return the command that shows the log's last lines, of those with some words in it."""
        file = shlex.quote(str(self.data_dir / "logs" / "openbell.jsonl"))
        return f"grep {shlex.quote(words)} {file} | tail" if words else f"tail {file}"

    def disk(self) -> str:
        """Return the command that shows what takes room in the folder."""
        return f"du -sh {self._folder}/*"

    @property
    def _folder(self) -> str:
        return shlex.quote(str(self.data_dir))


def check_exchange(facts: AccountFacts, place: Place) -> Component:
    """Say whether ledger and exchange agree."""
    name = "exchange"
    look = f"Compare positions and orders with the exchange's: {place.flows('show-status')}"
    if facts.blocked:
        differ = "; ".join(f"{symbol}: {reason}" for symbol, reason in facts.blocked.items())
        reason = f"not entered, the exchange differs: {differ}"
        return Component(name, Level.UNHEALTHY, reason, hint=look)
    if facts.unknown_orders:
        reason = f"{facts.unknown_orders} orders without an answer"
        return Component(name, Level.DEGRADED, reason, hint=look)
    return Component(name, Level.HEALTHY, "ledger and exchange agree")


def check_broker(broker: BrokerView, place: Place) -> Component:
    """Say how the account looked at its broker when it was asked last."""
    if broker.blocked:
        hint = f"Ask the broker; what it said last is shown by: {place.flows('show-status')}"
        return Component("broker", Level.UNHEALTHY, broker.blocked, broker.as_of, hint)
    if broker.not_entered:
        why = "; ".join(f"{symbol}: {reason}" for symbol, reason in broker.not_entered.items())
        return Component("broker", Level.DEGRADED, f"not entered: {why}", broker.as_of)
    return Component(
        "broker",
        Level.HEALTHY,
        f"{broker.name} {broker.number}: equity {broker.equity:,.2f} {broker.currency},"
        f" {len(broker.positions)} positions, {len(broker.orders)} open orders at"
        f" {broker.as_of:%Y-%m-%d %H:%M:%S} UTC",
    )


def check_halt(facts: AccountFacts, place: Place) -> Component:
    """Say whether the account is halted, by an operator or by its drawdown."""
    if facts.halt is None:
        return Component("trading", Level.HEALTHY, "not halted")
    why = f" ({facts.halt.reason})" if facts.halt.reason else ""
    return Component(
        "trading",
        Level.DEGRADED,
        f"{facts.halt.command} since {facts.halt.since:%Y-%m-%d %H:%M} UTC{why}",
        facts.halt.since,
        f"When it may trade again: {place.flows('resume')}",
    )


def check_messages(facts: AccountFacts, now: datetime, place: Place) -> Component:
    """Say whether messages get through."""
    name = "messages"
    look = f"What was not delivered is listed by: {place.flows('show-status')}"
    if facts.outbox_lost:
        reason = f"the ledger has lost its table {facts.outbox_lost}, and what waited to be sent"
        hint = f"Bring back a copy with: {place.flows('restore')} --force"
        return Component(name, Level.UNHEALTHY, reason, hint=hint)
    if facts.outbox_refused:
        reason = f"they are refused: {facts.outbox_refused}"
        hint = f"Set DISCORD_WEBHOOK_URL or NOTIFY_URLS anew. {look}"
        return Component(name, Level.UNHEALTHY, reason, hint=hint)
    if not facts.outbox_open or facts.outbox_oldest is None:
        return Component(name, Level.HEALTHY, "nothing waits")
    age = now - facts.outbox_oldest
    level = Level.HEALTHY
    if facts.is_real_time and age >= WAITING_LONG:
        level = Level.DEGRADED if age < DEAF else Level.UNHEALTHY
    reason = f"{facts.outbox_open} messages wait, the oldest for {age.total_seconds():.0f} s"
    if level == Level.HEALTHY:
        return Component(name, level, reason)
    hint = f"Look at what the log says of them: {place.log('openbell.notifications')}"
    return Component(name, level, reason, facts.outbox_oldest, hint)


def check_errors(errors: Sequence[LoggedError], place: Place) -> Component:
    """Say whether errors were logged in the last hour, the newest first."""
    if not errors:
        return Component("errors", Level.HEALTHY, "none in the last hour")
    newest, count = errors[0], len(errors)
    said = "1 error was" if count == 1 else f"{count} errors were"
    return Component(
        "errors",
        Level.DEGRADED,
        f"{said} logged in the last hour, at {newest.ts:%H:%M:%S} UTC: {newest.text[:300]}",
        errors[-1].ts,
        f"Read them: {place.log('ERROR')}",
    )
