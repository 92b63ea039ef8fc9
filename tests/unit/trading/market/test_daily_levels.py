"""Daily bars of other prices than the bars beside them are noticed, those of the same are not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from trading.market.bars import Prices
from trading.market.calendar import make_grid, sessions_between
from trading.market.daily_bars import DailyBars, days_of
from trading.market.daily_levels import notes_on_levels
from trading.market.panel import Defects, Panel

SESSIONS = tuple(sessions_between("NYSE", date(2024, 7, 1), date(2024, 7, 12)))
SYMBOLS = ("A", "B")


def panel_with(daily_close: np.ndarray) -> Panel:
    """Return bars at 2.35 and 120 USD beside daily bars, whose last day they do not have."""
    grid = make_grid(SESSIONS, 30)
    close = np.tile([2.35, 120.0], (grid.rows, 1))
    # The last bar of a session may be missing.
    close[grid.first_row[1] - 1, 0] = np.nan
    daily = DailyBars(SYMBOLS, days_of(SESSIONS), Prices(*(daily_close,) * 5))
    return Panel(grid, SYMBOLS, *(close,) * 5, defects=Defects(), daily=daily)


def daily(*, since: int = 0, times: float = 1.0) -> np.ndarray:
    values = np.tile([2.40, 118.0], (len(SESSIONS), 1))
    values[since:, 0] *= times
    values[2, 1] = np.nan
    return values


@pytest.mark.parametrize(
    ("since", "times", "said"),
    [(0, 100.0, "8 of 8 sessions"), (0, 0.1, "8 of 8 sessions"), (5, 0.5, "4 of 8 sessions")],
    ids=["cents", "a split that only the bars lack", "a split among them"],
)
def test_closes_that_are_far_from_those_of_the_daily_bars_are_warned_of(
    since: int, times: float, said: str
) -> None:
    (note,) = notes_on_levels(panel_with(daily(since=since, times=times)))
    assert note.startswith("WARNING: closes of A are not those of its daily bars")
    assert said in note
    assert "2024-07-12 2.35 and" in note


def test_closes_that_are_about_those_of_the_daily_bars_are_fine() -> None:
    assert notes_on_levels(panel_with(daily())) == ()
    one_slip = daily()
    one_slip[4, 0] = 235.0
    assert notes_on_levels(panel_with(one_slip)) == ()
