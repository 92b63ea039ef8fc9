"""Health of journals: red where the newest does not come again, and never for want of a replay."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from blocks.account.facts import AccountFacts, ClosedSession
from blocks.health.checks import Level, Place
from blocks.health.parity_checks import DUE_AFTER, check_parity
from blocks.ledger.parity.tables import ParityRow

PLACE = Place(Path("data"), "paper")
CLOSE = datetime(2025, 6, 10, 20, 0, tzinfo=UTC)
CHECKED = CLOSE + timedelta(minutes=35)
TODAY, YESTERDAY = date(2025, 6, 10), date(2025, 6, 9)


def row(session: date, verdict: str) -> ParityRow:
    differences = 2 if verdict == "differs" else 0
    return ParityRow(
        session, CHECKED, verdict, 75, 12, differences, 78, 0, 0, 0, 0, 0, 0, 9, 9, 0.0, 0.0, ""
    )


def facts(*rows: ParityRow, account: str = "paper") -> AccountFacts:
    return AccountFacts(account, closed_session=ClosedSession(TODAY, CLOSE), parity=rows)


LONG_AFTER = CLOSE + DUE_AFTER + timedelta(minutes=1)
CASES = {
    "none yet": (facts(), LONG_AFTER, Level.HEALTHY, "no session was replayed yet"),
    "agrees": (facts(row(TODAY, "agrees")), LONG_AFTER, Level.HEALTHY, "2 hours ago: agrees"),
    "not kept": (facts(row(TODAY, "not_kept")), LONG_AFTER, Level.HEALTHY, "not_kept"),
    "differs": (facts(row(TODAY, "differs")), LONG_AFTER, Level.UNHEALTHY, "2 differences"),
    "one before differs": (
        facts(row(TODAY, "agrees"), row(YESTERDAY, "differs")), LONG_AFTER, Level.DEGRADED,
        "session 2025-06-09 does not come again",
    ),
    "due": (facts(row(YESTERDAY, "agrees")), CHECKED, Level.HEALTHY, "2025-06-09"),
    "overdue": (
        facts(row(YESTERDAY, "agrees")), LONG_AFTER, Level.DEGRADED,
        "session 2025-06-10 was not replayed",
    ),
    "a replay": (
        facts(row(YESTERDAY, "agrees"), account="replay"), LONG_AFTER, Level.HEALTHY, "agrees",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_journal_is_judged_by_its_newest_replay(case: str) -> None:
    account, now, level, words = CASES[case]
    found = check_parity(account, now, PLACE)
    assert (found.name, found.level) == ("parity", level)
    assert words in found.reason
    assert (found.since is None) == (level == Level.HEALTHY)
    assert ("openbell parity" in found.hint) == (level != Level.HEALTHY)
