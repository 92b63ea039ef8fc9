"""Health asked every five seconds while a session is traded: true at every moment of the day."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blocks.health.checks import Level
from blocks.stores.file_lock import lock_path
from blocks.telemetry.file import telemetry_path
from tests.unit.flows.session.watched_day import ACCOUNT, WatchedDay, under_its_clock


@pytest.mark.parametrize(
    ("interval_minutes", "begin", "end"),
    [
        (1, "2025-06-10 00:00:02", "2025-06-10 00:20"),
        (5, "2025-06-10 00:00:02", "2025-06-10 00:40"),
        # Joined late: it catches up first, and goes over midnight.
        (30, "2025-06-10 22:50", "2025-06-11 00:40"),
    ],
)
def test_nothing_is_called_ill_in_a_day_that_is_well(
    interval_minutes: int, begin: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = WatchedDay(tmp_path, interval_minutes, begin)
    with under_its_clock(day, monkeypatch):
        day.trade(end, forever=True)
    assert len(day.reports) > 200
    assert day.not_healthy() == []
    levels = {component.level for _, component in day.components("last_bar")}
    assert levels == {Level.HEALTHY}


def test_the_stores_are_free_while_a_session_waits_for_its_next_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blocks.telemetry.telemetry.HOLD_SECONDS", 3600.0)
    monkeypatch.setattr("flows.session.account.parts.HOLD_SECONDS", 3600.0)
    day = WatchedDay(tmp_path, 5, "2025-06-10 00:00:02")
    held: list[str] = []
    looked: list[datetime] = []

    def is_free(path: Path) -> bool:
        with suppress(FileNotFoundError), open(lock_path(path)) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def look(now: datetime) -> None:
        looked.append(now)
        # Between two bars, when nothing is worked on.
        if timedelta(seconds=20) < (now - OPEN) % timedelta(minutes=5):
            stores = (tmp_path / ACCOUNT / "ledger.duckdb", telemetry_path(tmp_path, ACCOUNT))
            held.extend(f"{now:%H:%M:%S} {path.name}" for path in stores if not is_free(path))

    monkeypatch.setattr(day.clock, "_watch", look)
    with under_its_clock(day, monkeypatch):
        day.trade("2025-06-10 00:16")
    assert len(looked) > 100
    assert held == []


OPEN = datetime(2025, 6, 10, tzinfo=UTC)


def test_one_process_after_another_at_midnight_is_no_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = WatchedDay(tmp_path, 60, "2025-06-10 22:50")
    with under_its_clock(day, monkeypatch):
        # One run a session, as Prefect has it. The next one looks every half minute.
        day.trade("2025-06-11 00:00")
        day.clock.pass_until(day.clock.now() + timedelta(seconds=30))
        day.trade("2025-06-11 01:00")
    assert day.not_healthy() == []
    reasons = {found.reason for _, found in day.components("lease")}
    assert "session 2025-06-11 is open and nobody trades it" in reasons


def test_a_weekend_after_a_session_whose_last_bar_had_no_data_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = WatchedDay(tmp_path, 60, "2025-06-13 19:01")
    day.exchange = "NYSE"
    day.at("2025-06-13 19:40", lambda: setattr(day, "is_silent", True))
    with under_its_clock(day, monkeypatch):
        assert day.trade("2025-06-13 21:00") == 1
    friday = len(day.reports)
    day.check = day.new_check()
    monday = datetime(2025, 6, 16, 13, 30, tzinfo=UTC)
    now = day.clock.now() + timedelta(hours=1)
    while now < monday:
        day.look(now)
        now += timedelta(minutes=10)
    assert len(day.reports) - friday > 300
    levels = {(c.name, c.level) for r in day.reports[friday:] for c in r.components}
    # Only what was logged on Friday, and for an hour.
    assert levels == {(name, Level.HEALTHY) for name, _ in levels}
