"""What a strategy may ask for, and the line that says why it may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trading.errors import BadInput
from trading.indicators import (
    Indicator,
    bollinger,
    close,
    daily_atr,
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
from trading.indicators.indicator import MOST_BARS, MOST_MINUTES
from trading.indicators.studies import make_studies, names_of, row_of


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: sma(0), "sma(0) has a length of 0. Use a whole number of bars from 1 to 5,000"),
        (lambda: ema(1_000_000), "ema(1000000) has a length of 1000000"),
        (lambda: rsi(1), "rsi(1) has a length of 1. Use a whole number of bars from 2"),
        (lambda: ema(-3), "ema(-3) has a length of -3"),
        (lambda: ema(2.5), "ema(2.5) has a length of 2.5"),
        (lambda: ema("20"), "ema(20) has a length of '20'"),
        (lambda: ema(True), "ema(True) has a length of True"),
        (lambda: macd(26, 12, 9), "macd(26, 12, 9).line has a fast length that is not below"),
        (lambda: macd(12, 26, 0), "macd(12, 26, 0).line has a length of 0"),
        (lambda: bollinger(20, 0), "bollinger(20, 0.0).upper has bands of 0.0 standard deviations"),
        (lambda: bollinger(20, "wide"), "has bands of 'wide' standard deviations"),
        (lambda: bollinger(20, float("nan")), "has bands of nan standard deviations"),
        (lambda: bollinger(1), "bollinger(1, 2.0).upper has a length of 1"),
        (lambda: ema(20, minutes=-5), "ema(20)@-5 has -5 minutes"),
        (lambda: ema(20, minutes=7.5), "ema(20)@7.5 has 7.5 minutes"),
        (
            lambda: ema(20, minutes=MOST_MINUTES + 5),
            "Use a whole number of minutes from 1 to 1,440",
        ),
        (lambda: opening_volume(0), "opening_volume has 0 minutes"),
        (lambda: volume_before(-1), "volume_before(-1) has a length of -1"),
        (lambda: mean_volume(MOST_BARS + 1), "mean_volume(5001) has a length of 5001"),
        (lambda: Indicator("tema", (20,)), "there is no indicator 'tema'"),
        (
            lambda: Indicator("macd", (12, 26, 9)),
            "has no value ''. Use one of line, signal, histogram",
        ),
        (lambda: Indicator("ema", (20, 30)), "ema(20, 30) has 2 lengths. Use 1"),
        (lambda: Indicator("vwap", minutes=15), "vwap has 15 minutes"),
    ],
)
def test_what_there_is_not_is_refused_in_a_line(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        ask()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            ema(20, minutes=12),
            "ema(20)@12 runs over bars of 12 minutes, which 5-minute bars do not",
        ),
        (opening_volume(7), "opening_volume(7) runs over bars of 7 minutes"),
        (macd(), "'macd(12, 26, 9)' has several values. Use one of .line, .signal, .histogram"),
        (
            bollinger(),
            "'bollinger(20, 2.0)' has several values. Use one of .upper, .middle, .lower",
        ),
        (
            "ema(20)",
            "str 'ema(20)' is no indicator. Use those of trading.indicators, such as ema(20)",
        ),
        (ema, "is no indicator"),
    ],
)
def test_what_bars_of_a_length_cannot_make_is_refused_in_a_line(asked: object, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        make_studies([asked], 5)  # type: ignore[list-item]
    assert said in str(caught.value)


def test_equal_indicators_are_computed_once_and_found_by_what_they_are() -> None:
    wanted = [ema(20), ema(20, minutes=5), *macd(), macd().signal, daily_atr(), daily_volume()]
    wanted += [opening_volume(10), relative_opening_volume(10), close(minutes=60), vwap()]
    studies = make_studies(wanted, 5)
    assert sorted(names_of(studies)) == [
        "close@60",
        "daily",
        "ema(20)@5",
        "macd(12, 26, 9)@5",
        "opening(10)",
        "vwap",
    ]
    assert row_of(studies, ema(20)) == row_of(studies, ema(20, minutes=5))
    assert row_of(studies, macd().line) == row_of(studies, macd().histogram) - 2
    assert len({row_of(studies, indicator) for indicator in wanted}) == len(wanted) - 2
    with pytest.raises(BadInput, match=r"ema\(21\) is not among what is computed"):
        row_of(studies, ema(21))


def test_an_indicator_is_written_as_it_is_read() -> None:
    assert [str(each) for each in (ema(20), rsi(14, minutes=15), macd().signal, vwap())] == [
        "ema(20)",
        "rsi(14)@15",
        "macd(12, 26, 9).signal",
        "vwap",
    ]
    assert str(bollinger(20, 2).upper) == "bollinger(20, 2.0).upper"
    assert [str(each) for each in (daily_atr(), relative_opening_volume(5))] == [
        "daily_atr",
        "relative_opening_volume(5)",
    ]
    assert len({ema(20), ema(20), ema(20, minutes=15)}) == 2
