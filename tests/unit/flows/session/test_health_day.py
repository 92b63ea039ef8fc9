"""Health asked every five seconds while a session is traded: true at every moment of the day."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.account.health_checks import Level
from tests.unit.flows.session.watched_day import WatchedDay, under_its_clock


@pytest.mark.parametrize(
    ("interval_minutes", "begin", "end"),
    [(5, "2025-06-10 23:20", "2025-06-11 00:20"), (1, "2025-06-10 00:00:02", "2025-06-10 00:30")],
)
def test_nothing_is_called_ill_in_a_day_that_is_well(
    interval_minutes: int, begin: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = WatchedDay(tmp_path, interval_minutes, begin)
    with under_its_clock(day, monkeypatch):
        day.trade(end, forever=True)
    assert len(day.reports) > 300
    assert day.not_healthy() == []
    levels = {component.level for _, component in day.components("last_bar")}
    assert levels == {Level.HEALTHY}
