"""What runs are called: a list of them reads as a diary."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from flows.process.run_names import (
    control_name,
    session_day,
    session_name,
    span_name,
    timed_name,
)

JUNE = date(2025, 6, 2), date(2025, 6, 27)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (session_name("2025-06-10", "paper"), "2025-06-10 paper"),
        (session_name("2025-06-10", "alpaca-live"), "2025-06-10 alpaca-live REAL MONEY"),
        (session_name("2025-06-10:2025-06-20", "replay"), "2025-06-10 to 2025-06-20 replay"),
        (control_name("halt", "paper"), "halt paper"),
        (control_name("halt", None), "halt"),
        (span_name("backtest", ["AAPL", "MSFT"], *JUNE), "backtest AAPL,MSFT 2025-06"),
        (span_name("backtest", ["A"], JUNE[0], date(2026, 1, 2)), "backtest A 2025-06 to 2026-01"),
        (span_name("backtest", ["A"], JUNE[0], JUNE[0]), "backtest A 2025-06-02"),
        (span_name("backtest", ["A"], JUNE[0], None), "backtest A from 2025-06-02"),
        (span_name("backtest", list("ABCDEF"), None, None), "backtest A,B,C,D and 2 more"),
        (span_name("backtest", [], None, JUNE[1]), "backtest to 2025-06-27"),
        (
            timed_name("health paper", datetime(2025, 6, 10, 13, 35, tzinfo=UTC)),
            "2025-06-10 13:35Z health paper",
        ),
    ],
)
def test_a_run_is_called_by_what_it_is(name: str, expected: str) -> None:
    assert name == expected


@pytest.mark.parametrize(
    ("due", "day"),
    [
        ("2025-06-10T13:00", "2025-06-10"),
        # The warm-up of a session that opens at midnight in UTC, as Sydney's does.
        ("2025-06-09T23:30", "2025-06-10"),
    ],
)
def test_a_session_that_is_to_come_has_its_day(due: str, day: str) -> None:
    when = datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert session_day(when) == day
