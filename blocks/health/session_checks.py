"""The checks of health that follow a session: who trades it, whether its bars arrive, with what."""

from __future__ import annotations

from datetime import datetime, timedelta

from blocks.account.facts import AccountFacts
from blocks.account.telemetry_facts import TelemetryFacts
from blocks.account.terms import NEXT_IS_REFUSED
from blocks.health.checks import Component, Level, Place
from blocks.health.session_hours import session_open_at
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.plan_record import refuse_another_exchange

# A process that has died is followed by another within half a minute, and at midnight of a market
# that never closes one session's process lets go of the account before the next one has it.
HAND_OVER = timedelta(seconds=45)
# From its due time until a bar is late, and until it counts as missing.
LATE = timedelta(seconds=30)
MISSING = timedelta(seconds=55)
# `now` is when the look began: ledger and telemetry are read after it, and may be waited for.
WHILE_LOOKING = timedelta(seconds=10)
# What a process that has just taken the account may take to warm up, as its step may.
WARM_UP = timedelta(seconds=120)


def session_at(facts: AccountFacts, now: datetime) -> Session | None:
    """Return the session that is open, None outside session hours."""
    return session_open_at(str(facts.plan.get("exchange", "NYSE")), now)


def check_settings(facts: AccountFacts, exchange: str | None) -> Component:
    """Say whether the settings would begin the account's next session.

    `exchange` is what they ask for, None where nobody knows with which ones that will be.
    """
    name = "settings"
    if exchange is None or not facts.is_real_time:
        return Component(name, Level.HEALTHY, "nothing of them is refused")
    try:
        refuse_another_exchange(facts.plan, exchange, facts.account)
    except BadInput as error:
        reason = f"{error.what}: {NEXT_IS_REFUSED}"
        return Component(name, Level.UNHEALTHY, reason, hint=error.hint)
    return Component(name, Level.HEALTHY, f"exchange {exchange}, as it was begun")


def check_lease(
    facts: AccountFacts, now: datetime, place: Place, last_sign: datetime | None = None
) -> Component:
    """Say whether somebody trades the account when somebody should.

    `last_sign` is when somebody was last known to trade it.
    """
    name = "lease"
    if facts.held_by is not None:
        return Component(name, Level.HEALTHY, f"held by {facts.held_by}", facts.taken_at)
    if not facts.is_real_time:
        return Component(name, Level.HEALTHY, "a replay, which nobody trades now")
    begun, positions = facts.open_session, len(facts.positions)
    calendar = session_at(facts, now)
    if begun is not None and now >= begun.closes:
        if calendar is None:
            reason = f"session {begun.session} was never closed, with {positions} positions open"
            hint = f"It is closed before the next one is traded, if this runs: {place.up()}"
            return Component(name, Level.DEGRADED, reason, begun.closes, hint)
        # The one that is open now is more urgent, and whoever trades it closes the other first.
        begun = None
    if begun is not None and facts.is_stopped(now):
        reason = (
            f"session {begun.session} was stopped by an operator, with {positions} positions open"
        )
        hint = "Start its run again in Prefect's page, or what traded it before, to trade on"
        return Component(name, Level.DEGRADED, reason, hint=hint)
    if begun is None and calendar is None:
        return Component(name, Level.HEALTHY, "nobody trades, and no session is open")
    opened = calendar.open if calendar is not None else None
    return _untraded(facts, now, place, begun.session if begun else "", opened, last_sign)


def _untraded(
    facts: AccountFacts,
    now: datetime,
    place: Place,
    begun: str,
    opened: datetime | None,
    last_sign: datetime | None,
) -> Component:
    known = [moment for moment in (opened, last_sign) if moment is not None and moment <= now]
    since = max(known, default=None)
    session = begun or (f"{opened:%Y-%m-%d}" if opened is not None else "")
    reason = f"session {session} is open and nobody trades it"
    hint = f"It is taken up within half a minute if this runs: {place.up()}"
    if not begun:
        hint = (
            "Begin it with a quick run of trade-session/paper in Prefect's page. By itself a"
            f" session begins before its open if this runs: {place.up()}"
        )
    level = Level.UNHEALTHY
    if since is not None and now - since < HAND_OVER:
        # At its open a session is waited for; in its midst somebody has died.
        level = Level.DEGRADED if begun else Level.HEALTHY
    return Component("lease", level, reason, since, hint if level != Level.HEALTHY else "")


def check_last_bar(
    facts: AccountFacts, now: datetime, settle_s: float, arrived: datetime | None, place: Place
) -> Component:
    """Say whether bars arrive; one is late by its due time, or by the arrival of the one before.

    So neither the time between two bars counts, nor that of bars which are caught up with.
    """
    name = "last_bar"
    shown = "none yet" if facts.last_bar is None else f"{facts.last_bar:%Y-%m-%d %H:%M} UTC"
    if arrived is not None and facts.last_bar is not None:
        shown += f", arrived at {arrived:%H:%M:%S} UTC"
    session = session_at(facts, now) if facts.is_real_time else None
    if session is None:
        return Component(name, Level.HEALTHY, f"no session is open; last bar {shown}")
    if facts.is_stopped(now):
        return Component(name, Level.HEALTHY, f"stopped; last bar {shown}")
    end = facts.last_bar_end
    if end is None or end < session.open:
        end = session.open
    if end >= session.close:
        return Component(name, Level.HEALTHY, f"last bar {shown}")
    due = min(end + facts.interval, session.close) + timedelta(seconds=settle_s)
    waited_for, seen = [due], now + WHILE_LOOKING
    if arrived is not None and arrived <= seen:
        waited_for.append(arrived)
    if facts.held_by is not None and facts.taken_at is not None and facts.taken_at <= seen:
        # Whose first bar has come needs no more time for it.
        has_begun = arrived is not None and facts.taken_at < arrived
        waited_for.append(facts.taken_at + (timedelta(0) if has_begun else WARM_UP))
    since = max(waited_for)
    late = now - since
    if late < LATE:
        return Component(name, Level.HEALTHY, f"last bar {shown}")
    level = Level.DEGRADED if late < MISSING else Level.UNHEALTHY
    reason = (
        f"last bar {shown}; the next was due at {due:%H:%M:%S} UTC,"
        f" {(now - due).total_seconds():.0f} s ago"
    )
    hint = f"What the session waits for is in its log: {place.log()}"
    return Component(name, level, reason, since, hint)


def check_data(
    facts: AccountFacts, telemetry: TelemetryFacts, now: datetime, place: Place
) -> Component:
    """Say how the last fetch of the session that is open went."""
    name, metrics = "data", telemetry.metrics
    source = str(facts.plan.get("source", "no source"))
    session = session_at(facts, now) if facts.is_real_time else None
    if session is None:
        return Component(name, Level.HEALTHY, f"{source}: no session is open")
    fetched = metrics.get("fetch_failed")
    if fetched is None or fetched.ts < session.open:
        return Component(name, Level.HEALTHY, f"{source}: not asked yet")
    symbols = len(facts.plan.get("symbols", ()))
    missing = int(metrics["symbols_missing"].value) if "symbols_missing" in metrics else 0
    hint = f"What the source answered is in the log: {place.log('WARNING')}"
    if fetched.value:
        reason = f"{source}: did not answer for the last bar"
        return Component(name, Level.UNHEALTHY, reason, hint=hint)
    if missing:
        level = Level.UNHEALTHY if missing >= symbols > 0 else Level.DEGRADED
        reason = f"{source}: {missing} of {symbols} symbols had no bar"
        return Component(name, level, reason, hint=hint)
    seconds = metrics["fetch_seconds"].value if "fetch_seconds" in metrics else 0.0
    return Component(name, Level.HEALTHY, f"{source}: all {symbols} symbols in {seconds:.2f} s")
