"""A user's daily bars: as they are loaded, and what they say before a session."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from tests.unit.trading.indicators.run import Run, made_bars, without
from trading.indicators import (
    daily_atr,
    daily_close,
    daily_high,
    daily_low,
    daily_volume,
    ema,
)
from trading.indicators.daily_bars import (
    DailyBars,
    DailyDefects,
    day_number,
    days_of,
    feed_daily,
    make_daily_bars,
)
from trading.indicators.past import forget_past, new_past
from trading.indicators.studies import TODAY, names_of, row_of, rows_by_study
from trading.indicators.update import begin_studies
from trading.market.bars import BarRows, Prices
from trading.market.calendar import sessions_between

MONDAY = date(2024, 7, 1)
DAILY = [daily_atr(), daily_volume(), daily_close(), daily_high(), daily_low()]


def rows_of(*bars: tuple[int, date, float, float, float, float, float]) -> BarRows:
    symbol, day, *numbers = zip(*bars, strict=True)
    start_us = np.array([day_number(each) for each in day], dtype=np.int64) * 86_400_000_000
    return BarRows(np.array(symbol), start_us, *(np.array(each, dtype=float) for each in numbers))


def test_of_a_symbols_date_the_last_row_counts_and_what_is_no_bar_is_counted() -> None:
    tuesday, holiday, sunday = MONDAY + timedelta(1), date(2024, 7, 4), date(2024, 7, 7)
    rows = rows_of(
        (0, MONDAY, 10.00004, 12.00005, 9, 11, 500),
        (1, MONDAY, 20, 21, 19, 20, 700),
        (0, tuesday, 10, 12, 9, 11, 500),
        (0, MONDAY, 13, 14, 12, 13.00006, 900),
        # Invalid though an earlier row of the date was not.
        (1, MONDAY, 20, 19, 19, 20, 700),
        (1, tuesday, 20, 21, 19, 20, -1),
        (0, holiday, 10, 12, 9, 11, 500),
        (0, sunday, 10, 12, 9, 11, 500),
    )
    daily = make_daily_bars(rows, ("A", "B"), "NYSE")
    assert daily.defects == DailyDefects(rows=8, no_session=2, duplicate=2, invalid=2)
    assert daily.defects.as_defects()["daily.no_session"] == 2
    assert daily.days.tolist() == days_of(sessions_between("NYSE", MONDAY, sunday)).tolist()
    assert [values[0, 0] for values in daily.prices] == [13, 14, 12, 13.0001, 900]
    assert daily.prices.close[1, 0] == 11
    assert np.isnan(daily.prices.close[:, 1]).all()


def test_rows_of_no_session_at_all_and_no_rows_are_no_bars() -> None:
    sunday = rows_of((0, date(2024, 7, 7), 10, 12, 9, 11, 500))
    for rows in (sunday, sunday.take(np.zeros(1, dtype=bool))):
        daily = make_daily_bars(rows, ("A",), "NYSE")
        assert daily.defects.no_session == len(rows)
        found = daily.of_sessions(sessions_between("NYSE", MONDAY, date(2024, 7, 8)))
        assert found.close.shape == (5, 1)
        assert np.isnan(found.close).all()


def test_a_sessions_bars_are_found_by_its_date_and_missing_where_the_file_has_none() -> None:
    daily = make_daily_bars(rows_of((0, MONDAY, 10, 12, 9, 11, 500)), ("A",), "NYSE")
    sessions = sessions_between("NYSE", MONDAY - timedelta(7), MONDAY + timedelta(7))
    found = daily.of_sessions(sessions)
    at = [session.date for session in sessions].index(MONDAY)
    assert np.flatnonzero(~np.isnan(found.close[:, 0])).tolist() == [at]
    assert found.volume[at, 0] == 500


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_all_that_is_before_a_session_says_what_it_says_one_by_one(share: float) -> None:
    """A backtest takes daily bars in at each session's end, a session all of them at its start."""
    prices, bars = made_bars(1, 2 * 40, 3), without(made_bars(2, 40, 3), 2, share)
    daily = DailyBars(("A", "B", "C"), np.arange(40), bars)
    forgets = {(2 * 17, 0): 1, (2 * 19 + 1, 1): 2, (2 * 30, 1): 1}
    run = Run([*DAILY, ema(3)], prices, [2] * 40, daily=bars, forgets=forgets, restores=[(30, 1)])
    past = new_past(run.studies, 3)
    for (row, s), mark in forgets.items():
        if row < 2 * 30:
            begin_studies(run.studies, past.state, row // 2)
            forget_past(past, s, mark == 2)
    feed_daily(run.studies, past.state, daily, date(1970, 1, 1) + timedelta(40))
    past.state[TODAY] = run.past.state[TODAY]
    for name, rows in zip(names_of(run.studies), rows_by_study(run.studies), strict=True):
        if name == "daily":
            np.testing.assert_array_equal(past.state[rows], run.past.state[rows])


def test_what_is_of_the_session_itself_and_later_is_not_read() -> None:
    bars = made_bars(2, 40)
    run = Run(DAILY, made_bars(1, 40), [1] * 40, daily=bars)
    for known in (0, 1, 16, 39):
        past = new_past(run.studies, 1)
        later = Prices(*(values * 1.0 for values in bars))
        for values in later:
            values[known:] = 1e6
        feed_daily(
            run.studies,
            past.state,
            DailyBars(("A",), np.arange(40), later),
            date(1970, 1, 1) + timedelta(known),
        )
        for indicator in DAILY:
            said = past.state[row_of(run.studies, indicator), 0]
            np.testing.assert_array_equal(said, run.of(indicator)[known])
