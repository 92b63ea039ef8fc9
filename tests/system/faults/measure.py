"""Strikes an installation in a situation of its account, and measures what its session does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from tests.system.faults.audit import Audit, audit
from tests.system.faults.installation import PATIENCE_SECONDS, SYMBOLS, Installation, wait_for
from tests.system.faults.observer import Observation
from tests.system.faults.strikes import Fault

BAR_SECONDS = 60
SITUATIONS = ("holding", "pending", "resting", "mid-flatten")
# Books are compared once nothing has been written for so long, or else after the last try.
REST_SECONDS = 3.0
REST_LIMIT_SECONDS = 90.0
AFTER_BAR_SECONDS = 5.0
LOOK_SECONDS = 0.5
# How often a session looks for an operator's word.
TEND_SECONDS = 2.0
MOMENTS = random.Random(11)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one strike did; seconds count from its beginning, None where no bar followed.

    `late` bars came too late to act on, `untimely` fills have a time before their order. `is_lost`
    when the session did not go on without a hand, `why` says how that was seen.
    """

    fault: str
    situation: str
    lasted: float
    next_bar: float | None
    late: int
    duplicates: int
    lost_fills: int
    unprotected: float
    untimely: int
    is_lost: bool
    is_ended_early: bool
    problems: tuple[str, ...]
    differences: int = 0
    why: str = ""


def strike(
    installation: Installation,
    faults: Sequence[Fault],
    situation: str,
    say: Say = print,
    patience_seconds: float = PATIENCE_SECONDS,
) -> list[Outcome]:
    """Wait for a situation, strike, wait until a whole bar later is traded, and audit the books.

    Several faults come one upon the other, each when there is a session again, and share what is
    found afterwards.
    """
    before = wait_until(installation, situation)
    times: list[tuple[Fault, float, float]] = []
    why = ""
    try:
        for fault in faults:
            if times:
                wait_for(lambda: installation.session, "a session after a strike", patience_seconds)
            began = time.time()
            fault.strike(installation)
            times.append((fault, began, time.time()))
            say(f"{fault.name}, {situation}: struck at bar {before.bar}")
        if situation == "mid-flatten":
            _wait_until_out(installation, patience_seconds)
            installation.command("resume")
        if faults[-1].is_still:
            _wait_still(installation)
        else:
            ahead = faults[-1].clock_ahead_seconds
            _wait_for_bar(installation, before, times[-1][2] + ahead, patience_seconds)
    except (TimeoutError, SessionEnded) as error:
        if not times:
            raise
        why = str(error)
    found = [o for o in installation.observations() if o.at >= before.at]
    audited = rest(installation)
    outcomes = [
        Outcome(
            fault=fault.name,
            situation=situation,
            lasted=ended - began,
            next_bar=_next_bar(found, began),
            late=found[-1].missed - before.missed,
            duplicates=len(audited.duplicates),
            lost_fills=len(audited.lost),
            unprotected=unprotected_seconds(found),
            untimely=found[-1].untimely - before.untimely,
            is_lost=bool(why),
            is_ended_early=len(found[-1].closed) > len(before.closed),
            problems=tuple(audited.lines()),
            differences=len(audited.differences),
            why=why,
        )
        for fault, began, ended in times
    ]
    for outcome in outcomes:
        say(f"  {outcome}")
    return outcomes


def _next_bar(found: Sequence[Observation], began: float) -> float | None:
    """Return after how many seconds a bar was traded that was not yet when the strike began."""
    # What was written just before is seen a look later.
    last = max(o.bar for o in found if o.at <= found[0].at or o.at < began + LOOK_SECONDS)
    return next((o.at - began for o in found if o.at >= began and o.bar > last), None)


class SessionEnded(Exception):
    """The journal says that the session was closed in the middle of its day."""


def wait_until(installation: Installation, situation: str) -> Observation:
    """Wait for a situation; `mid-flatten` is brought about by an operator's word.

    A session takes it up within its tending, and is out a moment later: the strike comes at any
    moment of that, before it, in it or just after.
    """
    if situation != "mid-flatten":
        return _wait_for_situation(installation, situation)
    holding = _wait_for_situation(installation, "holding")
    installation.command("flatten")
    time.sleep(MOMENTS.uniform(0, TEND_SECONDS))
    return installation.now() or holding


def _wait_for_situation(installation: Installation, situation: str) -> Observation:
    def is_there() -> Observation | None:
        now = installation.now()
        # At work and not a leftover: of this minute or the one before, or of a clock set forward.
        if now is None or time.time() - now.bar_us / 1e6 > 4 * BAR_SECONDS:
            return None
        return now if situation in now.situations else None

    found = wait_for(is_there, f"the account is {situation}", 2 * PATIENCE_SECONDS, every=0.2)
    assert found is not None
    return found


def _wait_for_bar(
    installation: Installation, before: Observation, ended: float, limit_seconds: float
) -> None:
    """Wait for a bar that ended after the strike, and for a session that lives after it."""

    def is_traded() -> bool:
        now = installation.now()
        assert now is not None
        if len(now.closed) > len(before.closed):
            raise SessionEnded("closed in the middle of its day")
        is_later = now.bar > before.bar and now.bar_us / 1e6 + BAR_SECONDS >= ended
        # What ends a session may need until its last lines of a bar.
        return is_later and now.at + AFTER_BAR_SECONDS < time.time() and bool(installation.session)

    wait_for(is_traded, "a bar after the strike", limit_seconds)


def _wait_until_out(installation: Installation, limit_seconds: float) -> None:
    wait_for(
        lambda: (now := installation.now()) is not None and not now.held,
        "all is left that an operator told it to leave",
        limit_seconds,
    )


def _wait_still(installation: Installation) -> None:
    """Wait two bars' time: the session lives, and does nothing."""
    until = time.monotonic() + 2 * BAR_SECONDS
    rows = -1
    while time.monotonic() < until:
        time.sleep(1)
        if not installation.session:
            raise SessionEnded("its process ended")
        now = installation.now()
        assert now is not None
        rows = now.rows if rows < 0 else rows


def unprotected_seconds(found: Sequence[Observation]) -> float:
    """Return how long something was held with neither a resting stop nor an exit under way."""
    return sum(later.at - one.at for one, later in pairwise(found) if one.unprotected)


def rest(installation: Installation) -> Audit:
    """Return what an audit finds once both files rest; writing goes on between two of its tries."""
    deadline = time.monotonic() + REST_LIMIT_SECONDS
    found: Audit | None = None
    while found is None or (not found.is_whole and time.monotonic() < deadline):
        time.sleep(REST_SECONDS)
        books = installation.books_if_quiet()
        if books is not None:
            found = audit(books, SYMBOLS)
        elif time.monotonic() > deadline + REST_LIMIT_SECONDS:
            return Audit((), (), ("the files could not be read",))
    return found


def revive(installation: Installation, say: Say = print) -> None:
    """Bring a lost session back by hand, so that the next strike has one to strike.

    Where the day was closed the account is thrown away: only an empty one can trade it again.
    """
    now = installation.now()
    rows = 0 if now is None else now.rows
    if not installation.supervisor:
        installation.start()
    with suppress(TimeoutError):
        # Perhaps it was only late.
        if (now is None or not now.closed) and installation.session:
            _wait_for_rows(installation, rows, 150)
            return
    say("  brought back by hand")
    if now is not None and now.word == "flatten":
        installation.command("resume")
    _end_runs(installation)
    installation.kill(installation.session)
    if now is not None and now.closed:
        installation.forget_account()
        rows = 0
    installation.start_session()
    _wait_for_rows(installation, rows, 3 * PATIENCE_SECONDS)


def _end_runs(installation: Installation) -> None:
    """Cancel the session's runs that Prefect has under way or in its queue, which lets one in."""
    for run in installation.session_runs():
        if run["state_type"] in ("RUNNING", "PENDING", "SCHEDULED", "CANCELLING"):
            due = datetime.fromisoformat(run["expected_start_time"])
            if due <= datetime.now(UTC):
                name = run["id"]
                installation.asked(lambda api, name=name: [api.force(name, "CANCELLED", "by hand")])


def _wait_for_rows(installation: Installation, rows: int, limit_seconds: float) -> None:
    wait_for(
        lambda: (now := installation.now()) is not None and now.rows > rows and bool(now.bar),
        "the session goes on",
        limit_seconds,
    )
