"""How many sessions indicators need before a session has all their values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trading.indicators.run import Run, made_bars
from trading.indicators import (
    Indicator,
    atr,
    bollinger,
    close,
    daily_atr,
    daily_close,
    daily_high,
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
from trading.indicators.memory import sessions_read

LENGTHS = st.integers(2, 60)
INDICATORS = st.one_of(
    LENGTHS.map(sma),
    LENGTHS.map(ema),
    LENGTHS.map(rsi),
    LENGTHS.map(atr),
    LENGTHS.map(lambda length: bollinger(length, 2.0).upper),
    LENGTHS.map(lambda length: macd(3, length + 2, 5).histogram),
    LENGTHS.map(mean_volume),
    LENGTHS.map(volume_before),
    LENGTHS.map(lambda length: ema(length, minutes=15)),
    st.just(close(minutes=60)),
    st.just(vwap()),
    st.sampled_from([daily_atr(), daily_volume(), daily_close(), daily_high()]),
    st.just(relative_opening_volume(15)),
)


def read_of(indicators: list[Indicator], sessions: list[int]) -> int:
    return sessions_read(indicators, 5, np.array(sessions))


@settings(deadline=None, max_examples=60)
@given(st.lists(INDICATORS, min_size=1, max_size=4), st.integers(0, 3))
def test_after_so_many_sessions_the_next_one_has_every_value(
    indicators: list[Indicator], begin: int
) -> None:
    lengths = [78, 42, 78, 42, 42] * 5
    before = read_of(indicators, lengths)
    some = lengths[begin : begin + before + 1]
    run = Run(indicators, made_bars(begin, sum(some)), some)
    for indicator in indicators:
        # Opening volumes are known once the session has its opening.
        assert not np.isnan(run.of(indicator)[-some[-1] + 3 :]).any(), str(indicator)


@pytest.mark.parametrize(
    ("indicator", "sessions"),
    [
        (vwap(), 0),
        (sma(26), 1),
        (sma(27), 2),
        (atr(25), 1),
        (atr(26), 2),
        (macd(3, 20, 7).line, 1),
        (macd(3, 20, 8).line, 2),
        (ema(9, minutes=15), 1),
        (ema(10, minutes=15), 2),
        (daily_atr(), 15),
        (daily_volume(), 14),
        (daily_close(), 1),
        (opening_volume(15), 0),
        (relative_opening_volume(15), 14),
    ],
)
def test_a_session_is_counted_only_where_a_first_value_reads_it(
    indicator: Indicator, sessions: int
) -> None:
    assert read_of([indicator], [26] * 40) == sessions


def test_nothing_read_is_no_session_and_too_little_to_read_is_more_than_there_are() -> None:
    assert read_of([], [26] * 4) == 0
    assert read_of([sma(500)], [26] * 4) == 5
