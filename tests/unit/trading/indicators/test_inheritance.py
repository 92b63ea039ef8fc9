"""What a session leaves to the next: by symbol and by what each indicator is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import talib

from tests.unit.trading.indicators.run import Run, made_bars, without
from tests.unit.trading.indicators.test_forgetting import (
    BARS,
    EVERY,
    GAP,
    NEW_LEVEL,
    SESSIONS,
    part,
)
from trading.indicators import atr, daily_atr, daily_close, ema, mean_volume, sma, vwap
from trading.indicators.inheritance import (
    carried_studies,
    studies_to_json,
    take_studies,
    upgraded,
)
from trading.indicators.past import new_past
from trading.indicators.studies import make_studies, names_of, row_of
from trading.market.bars import Prices

SYMBOLS = ("A", "B", "C")
CUT = BARS * 23


def test_a_session_that_takes_over_goes_on_as_if_there_had_been_no_end() -> None:
    prices = without(made_bars(1, BARS * SESSIONS, 3), 1, 0.1)
    forgets = {(BARS * 20 + 3, 1): NEW_LEVEL}
    whole = Run(EVERY, prices, [BARS] * SESSIONS, forgets=forgets)
    first = Run(EVERY, part(prices, 0, CUT), [BARS] * 23, forgets=forgets)
    left = json.loads(json.dumps(studies_to_json(first.studies, first.past.state)))
    past = new_past(first.studies, 3)
    assert not take_studies(first.studies, past.state, left, SYMBOLS, SYMBOLS)
    second = Run(EVERY, part(prices, CUT, None), [BARS] * (SESSIONS - 23), past=past)
    for indicator in EVERY:
        for s in range(3):
            np.testing.assert_array_equal(second.of(indicator, s), whole.of(indicator, s)[CUT:])


def test_what_is_forgotten_of_a_users_daily_bars_stays_so_in_later_sessions() -> None:
    prices, daily = made_bars(1, BARS), made_bars(3, 1)
    for mark, known in ((0, True), (GAP, True), (NEW_LEVEL, False)):
        forgets = {(2, 0): mark} if mark else {}
        run = Run([daily_atr(), daily_close()], prices, [BARS], forgets=forgets, daily=daily)
        left = json.loads(json.dumps(studies_to_json(run.studies, run.past.state)))
        past = new_past(run.studies, 1)
        take_studies(run.studies, past.state, left, ("A",), ("A",))
        np.testing.assert_array_equal(past.state[1:], run.past.state[1:])
        assert np.isfinite(past.state[row_of(run.studies, daily_close()), 0]) == known


def test_other_symbols_and_other_indicators_take_over_what_is_theirs() -> None:
    """Another order, a symbol less, one more, and an indicator more: only what is new is cold."""
    prices = made_bars(1, CUT, 3)
    first = Run([ema(5), sma(4), vwap()], prices, [CUT])
    left = studies_to_json(first.studies, first.past.state)
    left = carried_studies(left, SYMBOLS, ("C", "NEW", "A"))
    assert left["ema(5)@5"][1] is None
    later = make_studies([sma(4), atr(14), ema(5)], 5)
    past = new_past(later, 2)
    unknown = take_studies(later, past.state, left, ("C", "NEW", "A"), ("A", "C"))
    assert unknown == {"A", "C"}
    for s, before in ((0, 0), (1, 2)):
        for indicator in (ema(5), sma(4)):
            assert past.state[row_of(later, indicator), s] == first.of(indicator, before)[-1]
        assert np.isnan(past.state[row_of(later, atr(14)), s])
    same = make_studies([sma(4), ema(5)], 5)
    again = new_past(same, 2)
    assert take_studies(same, again.state, left, ("C", "NEW", "A"), ("NEW", "C")) == {"NEW"}
    assert np.isnan(again.state[row_of(same, ema(5)), 0])


def test_bars_of_another_length_take_nothing_over() -> None:
    """A mean of twenty 5-minute bars is none of twenty 15-minute ones, however it is written."""
    first = Run([ema(5), ema(5, minutes=15)], made_bars(1, 90), [90])
    left = studies_to_json(first.studies, first.past.state)
    assert names_of(first.studies) == ["ema(5)@5", "ema(5)@15"]
    later = make_studies([ema(5), ema(5, minutes=30)], 15)
    past = new_past(later, 1)
    assert take_studies(later, past.state, left, ("A",), ("A",)) == {"A"}
    expected = first.of(ema(5, minutes=15))[-1]
    assert past.state[row_of(later, ema(5)), 0] == expected
    assert np.isnan(past.state[row_of(later, ema(5, minutes=30)), 0])


def left_by_an_earlier_version(prices: Prices, bars: int) -> dict[str, list[Any]]:
    """Return what sessions of version 0.1 left of two symbols, as it stands in journals."""
    left: dict[str, list[Any]] = {
        "previous_close": prices.close[bars - 1].tolist(),
        "true_ranges": [bars - 1, bars - 1],
        "true_range_sum": [],
        "atr": [],
        "volumes": [],
        "volume_count": [bars, bars],
    }
    for s in range(2):
        high, low, close = (values[:bars, s].copy() for values in prices[1:4])
        ranges = talib.TRANGE(high, low, close)[1:]
        left["true_range_sum"].append(sum(ranges[:14].tolist()))
        value = talib.ATR(high, low, close, 14)[-1]
        left["atr"].append(None if np.isnan(value) else value)
        ring = [0.0] * 20
        for number, volume in enumerate(prices.volume[:bars, s].tolist()):
            ring[number % 20] = volume
        left["volumes"].append(ring)
    return left


def test_what_an_earlier_version_left_goes_on() -> None:
    prices = made_bars(4, 100, 2)
    prices.volume[70:, 1] /= 3
    for cut in (9, 14, 15, 20, 77):
        content = json.loads(json.dumps(left_by_an_earlier_version(prices, cut)))
        wanted = [atr(14), mean_volume(20)]
        studies = make_studies(wanted, 5)
        past = new_past(studies, 2)
        assert not take_studies(studies, past.state, upgraded(content, 5), "AB", "AB")
        later = Prices(*(values[cut:] for values in prices))
        second = Run(wanted, later, [100 - cut], past=past)
        whole = Run(wanted, prices, [100])
        for indicator in wanted:
            for s in range(2):
                ours, expected = second.of(indicator, s), whole.of(indicator, s)[cut:]
                np.testing.assert_allclose(ours, expected, rtol=1e-14, err_msg=str(indicator))
