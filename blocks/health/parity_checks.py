"""The check of health of journals: whether the newest sessions come again when replayed."""

from __future__ import annotations

from datetime import datetime, timedelta

from blocks.account.facts import AccountFacts
from blocks.health.checks import Component, Level, Place
from blocks.ledger.parity.tables import ParityRow

# A session is replayed within the hour; one run of the flow may fall out.
DUE_AFTER = timedelta(hours=3)


def check_parity(facts: AccountFacts, now: datetime, place: Place) -> Component:
    """Say whether journals follow from the bars that they hold, and when that was looked at."""
    name = "parity"
    if not facts.parity:
        return Component(name, Level.HEALTHY, "no session was replayed yet")
    newest = facts.parity[0]
    differing = [row for row in facts.parity if row.verdict == "differs"]
    if differing:
        worst = differing[0]
        # An older one is known by now, and stays to be looked at.
        level = Level.UNHEALTHY if worst is newest else Level.DEGRADED
        reason = (
            f"session {worst.session} does not come again: {worst.differences} differences in"
            f" {worst.decisions} decisions and {worst.intents} intents"
        )
        hint = f"Halt, and look at them: {place.flows(f'parity --session {worst.session}')}"
        return Component(name, level, reason, worst.checked_at, hint)
    due = _due_since(facts, newest)
    if due is not None and now >= due:
        assert facts.closed_session is not None
        reason = f"session {facts.closed_session.session} was not replayed"
        hint = f"It is after each session while this runs: {place.up()}. Or: "
        return Component(name, Level.DEGRADED, reason, due, hint + place.flows("parity"))
    age_hours = max(0, int((now - newest.checked_at).total_seconds() // 3600))
    reason = f"session {newest.session}, replayed {age_hours} hours ago: {newest.verdict}"
    return Component(name, Level.HEALTHY, reason)


def _due_since(facts: AccountFacts, newest: ParityRow) -> datetime | None:
    """Return since when the newest session should have been replayed, None where it was."""
    closed = facts.closed_session
    if not facts.is_real_time or closed is None or closed.session <= newest.session:
        return None
    return closed.closes + DUE_AFTER
