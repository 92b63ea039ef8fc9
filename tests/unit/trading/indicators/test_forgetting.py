"""What a gap and a new level make of the past, and what is restored (rules, section 9)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.trading.indicators.run import Run, made_bars, without
from trading.indicators import (
    Indicator,
    atr,
    bollinger,
    close,
    daily_atr,
    daily_close,
    daily_volume,
    ema,
    macd,
    mean_volume,
    opening_volume,
    relative_opening_volume,
    rsi,
    sma,
    volume_before,
    vwap,
)
from trading.indicators.past import copied_past, forget_past, new_past, settle_past
from trading.indicators.studies import make_studies, row_of
from trading.market.bars import Prices

EVERY: list[Indicator] = [
    sma(3),
    ema(3),
    rsi(3),
    atr(3),
    *macd(2, 3, 2),
    *bollinger(4),
    vwap(),
    mean_volume(3),
    volume_before(2),
    close(minutes=15),
    ema(2, minutes=15),
    atr(2, minutes=60),
    mean_volume(2, minutes=15),
    daily_atr(),
    daily_volume(),
    daily_close(),
    opening_volume(10),
    relative_opening_volume(10),
]
BARS = 6
SESSIONS = 40
GAP, NEW_LEVEL = 1, 2


def part(prices: Prices, begin: int, end: int) -> Prices:
    return Prices(*(values[begin:end] for values in prices))


def only(prices: Prices, kept: slice) -> Prices:
    """Return the same bars, missing outside of those kept."""
    gone = np.ones(len(prices.close), dtype=bool)
    gone[kept] = False
    return Prices(*(np.where(gone[:, np.newaxis], np.nan, values) for values in prices))


def assert_same(one: Run, other: Run, rows: slice, s: int = 0) -> None:
    for indicator in EVERY:
        ours, theirs = one.of(indicator, s)[rows], other.of(indicator, s)[rows]
        np.testing.assert_array_equal(ours, theirs, err_msg=str(indicator))


@pytest.mark.parametrize("place", [0, 1, 2, 4])
@pytest.mark.parametrize("mark", [GAP, NEW_LEVEL])
def test_everything_begins_anew_with_the_bar_as_if_there_had_been_none(
    place: int, mark: int
) -> None:
    prices = without(made_bars(1, BARS * SESSIONS, 2), 1, 0.1)
    at = BARS * 18 + place
    for values, fresh in zip(prices, made_bars(2, 1), strict=True):
        values[at] = fresh[0]
    run = Run(EVERY, prices, [BARS] * SESSIONS, forgets={(at, 0): mark})
    anew = Run(EVERY, only(prices, slice(at, None)), [BARS] * SESSIONS)
    untouched = Run(EVERY, prices, [BARS] * SESSIONS)
    assert_same(run, untouched, slice(None), s=1)
    assert_same(run, untouched, slice(at))
    assert_same(run, anew, slice(at, None))
    assert np.isfinite(run.of(relative_opening_volume(10))[-1])
    assert np.isfinite(run.of(daily_atr())[-1])


@pytest.mark.parametrize("place", [0, 1, 2, 4])
@pytest.mark.parametrize("again", [0, 1])
def test_what_is_restored_goes_on_as_if_the_session_had_ended_before_the_bar(
    place: int, again: int
) -> None:
    """Coarser bars that were in progress end with the session, and its opening may stay."""
    prices = made_bars(1, BARS * SESSIONS, 2)
    at, end = BARS * 18 + place, BARS * 19
    forgets = {(at, 0): GAP if place == 0 else NEW_LEVEL, (at + again, 0): NEW_LEVEL}
    run = Run(EVERY, prices, [BARS] * SESSIONS, forgets=forgets, restores=[(18, 0)])
    gone = np.ones(len(prices.close), dtype=bool)
    gone[at:end] = False
    cut = Prices(*(np.where(gone[:, np.newaxis], values, np.nan) for values in prices))
    shorter = Run(EVERY, cut, [BARS] * SESSIONS)
    assert_same(run, shorter, slice(end, None))
    assert_same(run, Run(EVERY, prices, [BARS] * SESSIONS), slice(end, None), s=1)


def test_of_a_users_daily_bars_a_gap_forgets_those_before_and_a_new_level_the_days_own() -> None:
    prices, daily = made_bars(1, BARS * SESSIONS), made_bars(3, SESSIONS)
    for mark, first in ((GAP, 18), (NEW_LEVEL, 19)):
        forgets = {(BARS * 18 + mark, 0): mark}
        run = Run(
            [daily_atr(), daily_close()], prices, [BARS] * SESSIONS, forgets=forgets, daily=daily
        )
        only_later = Prices(*(values.copy() for values in daily))
        for values in only_later:
            values[:first] = np.nan
        anew = Run([daily_atr(), daily_close()], prices, [BARS] * SESSIONS, daily=only_later)
        for each in (daily_atr(), daily_close()):
            np.testing.assert_array_equal(run.of(each)[BARS * 19 :], anew.of(each)[BARS * 19 :])
        back = Run(
            [daily_atr(), daily_close()],
            prices,
            [BARS] * SESSIONS,
            forgets=forgets,
            restores=[(18, 0)],
            daily=daily,
        )
        plain = Run([daily_atr(), daily_close()], prices, [BARS] * SESSIONS, daily=daily)
        for each in (daily_atr(), daily_close()):
            np.testing.assert_array_equal(back.of(each)[BARS * 19 :], plain.of(each)[BARS * 19 :])


def test_only_the_first_past_of_a_session_is_saved_and_a_copy_goes_on_by_itself() -> None:
    studies = make_studies([ema(1), close()], 5)
    past = new_past(studies, 2)
    row = row_of(studies, close())
    for price in (5.0, 7.0):
        past.state[row] = price
        forget_past(past, 0, False)
    copy = copied_past(past)
    settle_past(past, np.array([True, True]))
    assert past.state[row].tolist() == [5.0, 7.0]
    assert np.isnan(copy.state[row, 0])
    assert copy.is_saved.tolist() == [True, False]
    assert not past.is_saved.any()


def test_interpreted_and_compiled_are_the_same_bit_for_bit() -> None:
    prices = without(made_bars(5, BARS * SESSIONS, 3), 5, 0.15)
    forgets = {(BARS * 17 + 3, 0): NEW_LEVEL, (BARS * 20, 1): GAP, (BARS * 20 + 2, 1): NEW_LEVEL}
    runs = [
        Run(
            EVERY, prices, [BARS] * SESSIONS, forgets=forgets, restores=[(20, 1)], compiled=compiled
        )
        for compiled in (False, True)
    ]
    np.testing.assert_array_equal(runs[0].seen, runs[1].seen)
    np.testing.assert_array_equal(runs[0].past.state, runs[1].past.state)


def test_nothing_is_kept_where_nothing_is_asked_for() -> None:
    run = Run([], made_bars(5, 12), [6, 6], forgets={(7, 0): GAP}, restores=[(1, 0)])
    assert run.seen.size == 0
    assert run.studies.rows == 0
