"""When sessions start and have ended, as schedules that Prefect understands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trading.market.calendar import Session, sessions_between

# Prefect refuses a rule of more than 6,500 characters; these take 4,255.
SESSIONS_AHEAD = 250
# A rule that is right and lasts this long is left as it is.
ENOUGH_SESSIONS = 120
_PREFIX = "RDATE:"
_FORMAT = "%Y%m%dT%H%M%SZ"


def session_schedule(exchange: str, now: datetime, warm_up_minutes: float) -> str:
    """Return an RRULE set that fires before each of the next sessions' open, and at no other time.

    `now` is aware UTC; times of firing at or before it are left out. Where one session follows the
    other without a pause it fires at the open: the one before is traded until then, and a run
    that is due within it is taken for its own.
    """
    before = timedelta(minutes=warm_up_minutes)
    sessions = _sessions(exchange, now)
    fires = [session.open - before for session in sessions]
    for number, session in enumerate(sessions[:-1], 1):
        fires[number] = max(fires[number], session.close)
    return _rule(now, fires)


def close_schedule(exchange: str, now: datetime, minutes_after: float) -> str:
    """Return an RRULE set that fires after the close of each of the next sessions."""
    after = timedelta(minutes=minutes_after)
    return _rule(now, [session.close + after for session in _sessions(exchange, now)])


def _sessions(exchange: str, now: datetime) -> list[Session]:
    # From yesterday: a session's day in its own zone may begin or end on another day of UTC.
    first = now.date() - timedelta(days=1)
    return sessions_between(exchange, first, first + timedelta(days=SESSIONS_AHEAD * 3 // 2))


def _rule(now: datetime, fires: list[datetime]) -> str:
    ahead = [fire for fire in fires if fire > now][:SESSIONS_AHEAD]
    return _PREFIX + ",".join(fire.strftime(_FORMAT) for fire in ahead)


def fire_times(rule: str) -> list[datetime] | None:
    """Return when a rule made by session_schedule fires, or None for any other rule."""
    dates = _without_start(rule)
    if not dates.startswith(_PREFIX):
        return None
    try:
        return [
            datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
            for text in dates.removeprefix(_PREFIX).split(",")
        ]
    except ValueError:
        return None


def _without_start(rule: str) -> str:
    # The server puts a DTSTART line before a rule that has none.
    return "\n".join(line for line in rule.split("\n") if not line.startswith("DTSTART"))


def is_good_enough(present: str, wanted: str, now: datetime) -> bool:
    """Return whether the present rule fires as the wanted one does, and for long enough yet.

    Replacing a rule makes Prefect delete and create the runs it has planned, so a rule that
    only ends some days earlier is kept.
    """
    old, new = fire_times(present), fire_times(wanted)
    if old is None or new is None:
        return present == wanted or _without_start(present) == wanted
    ahead = [fire for fire in old if fire > now]
    return len(ahead) >= min(ENOUGH_SESSIONS, len(new)) and ahead == new[: len(ahead)]
