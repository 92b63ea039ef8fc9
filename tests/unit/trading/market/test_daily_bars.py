"""A user's daily bars as they are loaded: the last of each date, valid, of sessions."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from trading.market.bars import BarRows
from trading.market.calendar import sessions_between
from trading.market.daily_bars import DailyDefects, day_number, days_of, make_daily_bars

MONDAY = date(2024, 7, 1)


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


def test_another_number_another_day_and_another_symbol_is_another_file() -> None:
    bars = make_daily_bars(rows_of((0, MONDAY, 10, 12, 9, 11, 500)), ("A",), "NYSE")
    same = make_daily_bars(rows_of((0, MONDAY, 10, 12, 9, 11.00001, 500)), ("A",), "NYSE")
    others = [
        make_daily_bars(rows_of((0, MONDAY, 10, 12, 9, 11.001, 500)), ("A",), "NYSE"),
        make_daily_bars(rows_of((0, MONDAY + timedelta(1), 10, 12, 9, 11, 500)), ("A",), "NYSE"),
        make_daily_bars(rows_of((0, MONDAY, 10, 12, 9, 11, 500)), ("B",), "NYSE"),
    ]
    assert same.sha256 == bars.sha256
    assert len({bars.sha256, *(other.sha256 for other in others)}) == 4


def test_what_is_before_a_day_has_nothing_of_it_or_later() -> None:
    days = [MONDAY + timedelta(n) for n in range(3)]
    daily = make_daily_bars(
        rows_of(*((0, day, 10, 12, 9, 11, 500) for day in days)), ("A",), "NYSE"
    )
    for number, day in enumerate(days):
        assert daily.before(day).days.tolist() == [day_number(each) for each in days[:number]]
    assert daily.before(date(2030, 1, 1)).sha256 == daily.sha256
