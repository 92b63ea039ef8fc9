"""When a copy may begin beside a session that is being traded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tasks.session.quiet_time import BUSY, TOO_LATE, until_quiet
from trading.market.calendar import sessions_between

SESSION = sessions_between("NYSE", date(2025, 6, 10), date(2025, 6, 10))[0]
SETTLE_S = 5.0


@pytest.mark.parametrize(
    ("since_open_s", "waits_s"),
    [
        (-3600, 0),  # before the open
        (100, 0),  # the first bar has not ended
        (296, 24),  # it is about to
        (304.9, 15.1),  # it has, and is about to be worked on
        (305, 15),  # it is being worked on
        (320, 0),
        (450, 0),
        (596, 24),
        (23400 + 5, 15),  # the last bar of the session
        (23400 + 3600, 0),
    ],
)
def test_a_copy_begins_in_the_middle_of_a_bar(since_open_s: float, waits_s: float) -> None:
    now = SESSION.open + timedelta(seconds=since_open_s)
    assert until_quiet("NYSE", 5, SETTLE_S, now) == timedelta(seconds=waits_s)


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60])
@pytest.mark.parametrize("settle_s", [0.0, 5.0, 90.0, 300.0])
def test_after_the_wait_no_bar_is_worked_on_nor_soon_will_be(minutes: int, settle_s: float) -> None:
    ends = [
        min(SESSION.open + number * timedelta(minutes=minutes), SESSION.close)
        + timedelta(seconds=settle_s)
        for number in range(1, SESSION.bar_count(minutes) + 1)
    ]
    for second in range(-120, 24_000, 7):
        now = SESSION.open + timedelta(seconds=second)
        wait = until_quiet("NYSE", minutes, settle_s, now)
        assert timedelta(0) <= wait < timedelta(minutes=1)
        begins = now + wait
        assert not any(end - TOO_LATE < begins < end + BUSY for end in ends)


def test_at_night_nothing_is_waited_for() -> None:
    assert until_quiet("NYSE", 5, 5.0, datetime(2025, 6, 11, 3, 0, tzinfo=UTC)) == timedelta(0)
