"""What a user's daily bars say before a session, taken in one by one or all at once."""

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
from trading.indicators.daily_feed import feed_daily, with_daily
from trading.indicators.inheritance import studies_to_json
from trading.indicators.past import forget_past, new_past
from trading.indicators.studies import TODAY, names_of, row_of, rows_by_study
from trading.indicators.update import begin_studies
from trading.market.bars import Prices
from trading.market.daily_bars import (
    DailyBars,
)

MONDAY = date(2024, 7, 1)
DAILY = [daily_atr(), daily_volume(), daily_close(), daily_high(), daily_low()]


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


def test_a_session_takes_over_daily_bars_of_its_file_and_the_rest_from_the_one_before() -> None:
    """A gap in an earlier session has forgotten the file's rows before it, also those it lacked."""
    prices, bars = made_bars(1, 40), made_bars(2, 60)
    daily = DailyBars(("A",), np.arange(60), bars)
    run = Run([*DAILY, ema(3)], prices, [1] * 40, daily=bars, forgets={(20, 0): 1})
    half = Prices(*(np.where(np.arange(60)[:, np.newaxis] < 10, values, np.nan) for values in bars))
    other = Run([*DAILY, ema(3)], prices, [1] * 40, daily=half, forgets={(20, 0): 1})
    left = studies_to_json(other.studies, other.past.state)
    before = date(1970, 1, 1) + timedelta(40)
    left = with_daily(left, other.studies, ("A",), daily, before)
    assert left == studies_to_json(run.studies, run.past.state)
