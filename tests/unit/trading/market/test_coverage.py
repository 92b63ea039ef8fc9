"""Bars of another exchange than the one that is named are noticed; odd hours alone are no sign."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from trading.market.calendar import sessions_between, to_microseconds
from trading.market.coverage import looks_like_another_exchange

FIRST, LAST = date(2025, 6, 2), date(2025, 6, 13)


def five_minutes(exchange: str, hours_around: float = 0.0) -> np.ndarray:
    around = timedelta(hours=hours_around)
    return np.array(
        [
            start
            for session in sessions_between(exchange, FIRST, LAST)
            for start in range(
                to_microseconds(session.open - around),
                to_microseconds(session.close + around),
                300_000_000,
            )
        ],
        dtype=np.int64,
    )


@pytest.mark.parametrize(
    ("bars", "exchange", "expected"),
    [
        (five_minutes("NYSE"), "NYSE", False),
        (five_minutes("NYSE", hours_around=4.0), "NYSE", False),
        (five_minutes("24/7"), "NYSE", False),
        (five_minutes("LSE"), "NYSE", True),
        (five_minutes("NYSE"), "LSE", True),
        (five_minutes("NYSE"), "NASDAQ", False),
        (five_minutes("XNSE"), "NYSE", True),
        (five_minutes("NYSE")[:0], "NYSE", False),
    ],
)
def test_bars_that_cover_little_of_the_sessions_and_lie_outside_look_foreign(
    bars: np.ndarray, exchange: str, expected: bool
) -> None:
    sessions = sessions_between(exchange, FIRST, LAST)
    assert looks_like_another_exchange(bars, sessions) is expected
