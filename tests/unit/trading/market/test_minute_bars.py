"""Minutes into bars: whole once the last minute is in, the newest word of a minute, lateness."""

from __future__ import annotations

from datetime import date

import pytest

from trading.market.calendar import sessions_between, to_microseconds
from trading.market.minute_bars import Minute, MinuteBars

HALF_DAY = sessions_between("NYSE", date(2025, 11, 28), date(2025, 11, 28))[0]
OPEN_US, CLOSE_US = to_microseconds(HALF_DAY.open), to_microseconds(HALF_DAY.close)
MINUTE_US = 60_000_000


def minute(number: int, price: float = 10.0, volume: float = 1.0, symbol: str = "A") -> Minute:
    us = OPEN_US + number * MINUTE_US
    return Minute(symbol, us, price, price + 1, price - 1, price + 0.5, volume)


def bars_of(minutes: list[Minute], interval_minutes: int = 5) -> MinuteBars:
    bars = MinuteBars(HALF_DAY, interval_minutes, ("A", "B"))
    for each in minutes:
        bars.add(each)
    return bars


def test_a_bar_is_what_its_minutes_are_in_whatever_order_they_came() -> None:
    bars = bars_of([minute(4, 12.0), minute(0, 10.0), minute(2, 20.0)])
    bars.seal(OPEN_US + 5 * MINUTE_US)
    rows = bars.rows(OPEN_US, CLOSE_US)
    assert (rows.open[0], rows.high[0], rows.low[0], rows.close[0]) == (10.0, 21.0, 9.0, 12.5)
    assert rows.volume[0] == 3.0
    assert bars.last_prices() == {"A": 12.5}


@pytest.mark.parametrize(
    ("there", "is_given"), [([0, 4], True), ([0, 1, 2, 3], False), ([4], True)]
)
def test_only_the_last_minute_makes_a_bar_whole(there: list[int], is_given: bool) -> None:
    bars = bars_of([minute(number) for number in there])
    bars.seal(OPEN_US + 5 * MINUTE_US)
    assert len(bars.rows(OPEN_US, CLOSE_US)) == is_given


def test_a_bar_that_was_not_whole_when_it_was_asked_for_may_still_become_so() -> None:
    bars = bars_of([minute(0), minute(3)])
    bars.seal(OPEN_US + 5 * MINUTE_US)
    assert len(bars.rows(OPEN_US, CLOSE_US)) == 0
    bars.add(minute(4))
    assert len(bars.rows(OPEN_US, CLOSE_US)) == 1
    assert bars.late == {}
    # Now it was given out, and stays what it was.
    bars.add(minute(3, 99.0))
    assert bars.rows(OPEN_US, CLOSE_US).high[0] == 11.0
    assert bars.late == {"A": 1}


def test_the_last_word_on_a_minute_counts_before_the_bar_is_taken() -> None:
    bars = bars_of([minute(4, 50.0, 7.0), minute(4, 10.0, 2.0)])
    bars.seal(CLOSE_US)
    rows = bars.rows(OPEN_US, CLOSE_US)
    assert (rows.high[0], rows.volume[0]) == (11.0, 2.0)


def test_the_last_bar_of_a_session_may_be_shorter_than_the_others() -> None:
    minutes = int((CLOSE_US - OPEN_US) // MINUTE_US)
    bars = bars_of([minute(minutes - 1)], interval_minutes=60)
    bars.seal(CLOSE_US)
    assert len(bars.rows(OPEN_US, CLOSE_US)) == 1


@pytest.mark.parametrize(
    ("odd", "counted"),
    [
        (minute(-1), "outside"),
        (minute(300), "outside"),
        (minute(1, float("nan")), "invalid"),
        (minute(1, 0.5), "invalid"),
        (minute(1, volume=-1.0), "invalid"),
    ],
)
def test_what_cannot_be_a_minute_of_the_session_is_counted_and_left_out(
    odd: Minute, counted: str
) -> None:
    bars = bars_of([odd, minute(2, symbol="C")])
    bars.seal(CLOSE_US)
    assert getattr(bars, counted) == 1
    assert len(bars.rows(0, 2 * CLOSE_US)) == 0
