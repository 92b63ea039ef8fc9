"""How old the last bar is: by its arrival against the length of a bar, in session hours alone."""

from __future__ import annotations

from datetime import datetime

from blocks.account.day.bars import NewestBar
from blocks.account.facts import AccountFacts
from blocks.health.session_checks import LATE, MISSING
from blocks.live.answers import Age, LastBarAnswer
from blocks.live.today import Today
from trading.elapsed import elapsed


def last_bar_answer(
    today: Today, newest: NewestBar | None, facts: AccountFacts | None, settle_s: float
) -> LastBarAnswer:
    """Return the last bar and its age at the moment of `today`.

    A bar is late where health calls it late: a bar's length and half a minute after the one before.
    """
    begun = today.begun
    interval_s = 300.0 if begun is None else begun.interval.total_seconds()
    base = _counts_from(today, newest, facts)
    late_s = interval_s + settle_s + LATE.total_seconds()
    stale_s = interval_s + settle_s + MISSING.total_seconds()
    age, told = Age.NOT_EXPECTED, _unexpected(today, newest)
    if base is not None:
        old_s = (today.now - base).total_seconds()
        age = Age.STALE if old_s >= stale_s else Age.LATE if old_s >= late_s else Age.FRESH
        # Yesterday's bar is no bar of a session that nobody has begun.
        has_come = today.session is not None and base > today.session.open
        told = _expected(age, old_s, interval_s, has_come=has_come)
    return LastBarAnswer(
        number=None if newest is None else newest.number,
        start=None if newest is None else newest.start,
        end=None if newest is None else newest.end,
        arrived=None if newest is None else newest.arrived,
        interval_s=interval_s,
        age=age,
        counts_from=base,
        late_after_s=late_s,
        stale_after_s=stale_s,
        sentence=told,
    )


def _counts_from(
    today: Today, newest: NewestBar | None, facts: AccountFacts | None
) -> datetime | None:
    session = today.session
    if today.is_replayed or session is None or not session.open <= today.now < session.close:
        return None
    if facts is not None and facts.is_stopped(today.now):
        return None
    if not today.is_shown or newest is None or newest.end < session.open:
        return session.open
    if newest.end >= session.close:
        return None
    return newest.end if newest.arrived is None else max(newest.arrived, newest.end)


def _expected(age: Age, old_s: float, interval_s: float, *, has_come: bool) -> str:
    seen = "The last bar is" if has_come else "No bar has come yet"
    old = f" {elapsed(old_s)} old" if has_come else f" since the open, {elapsed(old_s)} ago"
    every = f"one is due every {elapsed(interval_s)}"
    if age is Age.STALE:
        return f"{seen}{old}, and {every}: what is shown is not what the market does now."
    if age is Age.LATE:
        return f"{seen}{old}, and {every}: the next one is late."
    return f"{seen}{old}; {every}."


def _unexpected(today: Today, newest: NewestBar | None) -> str:
    if newest is None:
        return "No bar was consumed yet."
    when = newest.end.astimezone(today.zone)
    ended = f"The last bar ended on {when:%Y-%m-%d at %H:%M} ({today.zone.key})"
    if today.is_replayed:
        return f"{ended}, by the clock of the replay."
    return f"{ended}; none is due outside session hours."
