"""The checks of health of an account's copies: whether they are made, and whether they are good."""

from __future__ import annotations

from datetime import datetime, timedelta

from blocks.account.facts import AccountFacts
from blocks.copies.drill_record import DrillRecord
from blocks.copies.record import CopyRecord
from blocks.health.checks import Component, Level, Place

# A copy follows each session, and one is made every hour.
FOLLOWS = timedelta(hours=1, minutes=15)
FAILING_LONG = timedelta(days=1)
# The drill is weekly; one may fall out.
DRILL_OLD = timedelta(days=15)


def check_copies(
    facts: AccountFacts, record: CopyRecord | None, now: datetime, place: Place
) -> Component:
    """Say whether the last copy was made, and whether it holds what was traded since."""
    name = "copies"
    hint = f"Make one: {place.flows('sync')}"
    if record is None:
        return _none_yet(facts, now, hint)
    tried = record.successes + record.failures
    rate = f"{record.successes} of {tried} attempts were good"
    last = record.last_success
    if record.last_error or last is None:
        since = last or record.last_attempt
        is_bad = bool(record.way_out) or now - since >= FAILING_LONG
        level = Level.UNHEALTHY if is_bad else Level.DEGRADED
        good = "there is no good one" if last is None else f"the last good one is {_ago(now, last)}"
        reason = f"the last copy failed, {good} ({rate}): {record.last_error}"
        return Component(name, level, reason, since, record.way_out or hint)
    reason = f"the last one was made {_ago(now, last)} ({rate})"
    uncopied = _uncopied_since(facts, last, now)
    if uncopied is None:
        return Component(name, Level.HEALTHY, reason)
    level = Level.UNHEALTHY if now - uncopied >= FAILING_LONG else Level.DEGRADED
    return Component(name, level, f"{reason}, before the last trading", uncopied, hint)


def check_drill(record: DrillRecord | None, now: datetime, place: Place) -> Component:
    """Say whether the newest copy could be restored when that was last tried."""
    name = "restore_drill"
    if record is None:
        return Component(name, Level.HEALTHY, "not tried yet")
    hint = f"Make a new copy: {place.flows('sync')}"
    reason = f"{_ago(now, record.at)}: {record.text}"
    if not record.is_good:
        return Component(name, Level.UNHEALTHY, reason, record.at, hint)
    if now - record.at >= DRILL_OLD:
        old_since = record.at + DRILL_OLD
        hint = f"It runs each week while this does: {place.up()}"
        return Component(name, Level.DEGRADED, f"last tried {reason}", old_since, hint)
    return Component(name, Level.HEALTHY, reason)


def _none_yet(facts: AccountFacts, now: datetime, hint: str) -> Component:
    end = None if facts.open_session is not None else facts.last_bar_end
    if not facts.is_real_time or end is None or now - end < FOLLOWS:
        return Component("copies", Level.HEALTHY, "none yet")
    return Component("copies", Level.DEGRADED, "no copy was ever made", end + FOLLOWS, hint)


def _uncopied_since(facts: AccountFacts, copied: datetime, now: datetime) -> datetime | None:
    """Return since when a copy is due of what was traded after the last one, None if none is."""
    end = facts.last_bar_end
    if not facts.is_real_time or end is None or end <= copied:
        return None
    # In a session the last bar is always new: what counts is how long no copy was made.
    due = (copied if facts.open_session is not None else end) + FOLLOWS
    return due if now >= due else None


def _ago(now: datetime, moment: datetime) -> str:
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} minutes ago"
    return f"{minutes // 60} hours ago" if minutes < 2880 else f"{minutes // 1440} days ago"
