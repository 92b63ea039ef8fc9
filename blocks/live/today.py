"""Which session is today's, by the account's own clock, and where in its day it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from blocks.account.day.begun_session import BegunSession
from blocks.account.day.phase import PHASE_WORDS, DayLimits, Phase, next_bar_end, phase_at
from blocks.account.day.reading import DayReading
from blocks.account.facts import AccountFacts
from blocks.health.health import HealthReport
from blocks.health.session_hours import ExchangeDays, exchange_days
from blocks.live.answers import ClockAnswer, PlanAnswer, SessionAnswer, SessionHours
from trading.errors import OpenbellError
from trading.market.calendar import Session


@dataclass(frozen=True)
class Today:
    """The day at one moment; `days` is None where the calendar cannot be asked."""

    now: datetime
    is_replayed: bool
    begun: BegunSession | None
    session: Session | None
    days: ExchangeDays | None
    trouble: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """Return the exchange's own clock."""
        return ZoneInfo("UTC") if self.days is None else self.days.zone

    @property
    def is_shown(self) -> bool:
        """Return whether the newest session of the journal is today's."""
        return (
            self.begun is not None
            and self.session is not None
            and self.begun.session == self.session.date
        )

    @property
    def phase(self) -> Phase:
        """Return where in its day the session is."""
        limits = DayLimits.of(self.begun.plan if self.begun is not None else {})
        is_closed = self.is_shown and self.begun is not None and self.begun.is_closed
        return phase_at(self.session, self.now, limits, is_closed=is_closed)


def today_of(
    facts: AccountFacts | None, reading: DayReading, exchange: str, machine: datetime
) -> Today:
    """Return the day of an account; a replay's is the one that it replays, by its own clock."""
    begun = reading.begun
    is_replayed = facts is not None and not facts.is_real_time and begun is not None
    now = _replayed_now(begun, reading) if is_replayed and begun is not None else machine
    name = str(begun.plan.get("exchange", exchange)) if begun is not None else exchange
    try:
        days: ExchangeDays | None = exchange_days(name, now)
        trouble = ""
    except OpenbellError as error:
        days, trouble = None, str(error)
    if is_replayed and begun is not None:
        session: Session | None = begun.hours
    elif days is not None:
        session = days.open_at(now) or days.on(now.astimezone(days.zone).date())
    else:
        session = begun.hours if begun is not None and begun.closes > now else None
    return Today(now, is_replayed, begun, session, days, trouble)


def session_answer(today: Today, reading: DayReading, report: HealthReport) -> SessionAnswer:
    """Return today's session as the API tells of it."""
    begun, session = today.begun, today.session
    local = today.now.astimezone(today.zone).date()
    closure = "" if today.days is None or session else today.days.closures.get(local, "")
    ahead = None if today.days is None else today.days.after(today.now)
    interval = None if begun is None else begun.interval
    is_done = today.phase in (Phase.CLOSED, Phase.NO_SESSION)
    clock = next((c for c in report.components if c.name == "clock"), None)
    return SessionAnswer(
        today=None if session is None else session.date,
        shown=None if begun is None else begun.session,
        phase=today.phase,
        sentence=sentence(today, closure, ahead),
        closure=closure,
        hours=None if session is None else _hours(session),
        next_bar=None
        if interval is None or is_done
        else next_bar_end(session, today.now, interval),
        next_session=None if ahead is None or today.is_replayed else _hours(ahead),
        clock=ClockAnswer(
            now=today.now,
            machine=report.checked_at,
            zone=today.zone.key,
            is_replayed=today.is_replayed,
            warning=""
            if clock is None or clock.level.rank == 0
            else _told(clock.reason, clock.hint),
        ),
        plan=None if begun is None else plan_answer(begun, reading),
    )


def sentence(today: Today, closure: str, ahead: Session | None) -> str:
    """Return in words where in its day the session is."""
    if today.trouble:
        return today.trouble
    local = today.now.astimezone(today.zone)
    words = PHASE_WORDS[today.phase]
    coming = ""
    if ahead is not None and not today.is_replayed:
        opens = ahead.open.astimezone(today.zone)
        coming = f" The next session opens on {opens:%A, %Y-%m-%d at %H:%M} ({today.zone.key})."
    if today.phase is Phase.NO_SESSION:
        why = closure or f"it is a {local:%A}"
        return f"{words}: {why}.{coming}"
    session = today.session
    if session is None:
        return f"{words}."
    closes = session.close.astimezone(today.zone)
    if today.phase is Phase.CLOSED:
        how = "was closed" if today.is_shown else "was not traded here"
        return f"{words}: session {session.date} {how}.{coming}"
    if today.phase is Phase.BEFORE_OPEN:
        return f"{words}: session {session.date} opens at {_clock(session.open, today)}."
    by_whom = "" if today.is_shown else " Nobody has begun to trade it."
    return f"{words}: session {session.date} closes at {closes:%H:%M} ({today.zone.key}).{by_whom}"


def plan_answer(begun: BegunSession, reading: DayReading) -> PlanAnswer:
    """Return what a session is traded with, and when that was changed last."""
    plan = begun.plan
    change = reading.plan_changes[-1] if reading.plan_changes else None
    source = str(plan.get("source", ""))
    return PlanAnswer(
        strategy=str(plan.get("strategy_name", "")),
        symbols=len(begun.symbols),
        interval_minutes=begun.interval.total_seconds() / 60,
        source=source,
        is_simulated="SIMULATED" in source,
        changed_in=None if change is None else change["session"],
        changes=[] if change is None else change["changes"],
        values={
            name: value for name, value in plan.items() if name not in ("symbols", "own_reasons")
        },
    )


def hours_of(begun: BegunSession) -> SessionHours:
    """Return the hours of a session that was begun."""
    return _hours(begun.hours)


def _hours(session: Session) -> SessionHours:
    return SessionHours(session=session.date, opens=session.open, closes=session.close)


def _clock(moment: datetime, today: Today) -> str:
    return f"{moment.astimezone(today.zone):%H:%M} ({today.zone.key})"


def _replayed_now(begun: BegunSession, reading: DayReading) -> datetime:
    """Return the time that a replay has come to: the end of the bar that it consumed last."""
    if begun.is_closed:
        return begun.closes
    newest = reading.newest_bar
    return begun.opens if newest is None else newest.end.astimezone(UTC)


def _told(reason: str, hint: str) -> str:
    return f"{reason}. {hint}" if hint else reason
