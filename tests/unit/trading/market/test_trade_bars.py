"""Trades into bars: order, lateness, gaps, and agreement with the loader's own aggregation."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.market.bars import BarRows
from trading.market.calendar import make_grid, sessions_between, to_microseconds
from trading.market.panel_loading import make_panel
from trading.market.trade_bars import TickBars, Trade

HALF_DAY = sessions_between("NYSE", date(2025, 11, 28), date(2025, 11, 28))[0]
OPEN_US, CLOSE_US = to_microseconds(HALF_DAY.open), to_microseconds(HALF_DAY.close)
SECOND = 1_000_000


def bars_of(trades: list[Trade], interval_minutes: int = 5, seal_us: int = CLOSE_US) -> TickBars:
    bars = TickBars(HALF_DAY, interval_minutes, ("A", "B"))
    for trade in trades:
        bars.add(trade)
    bars.seal(seal_us)
    return bars


def trade(second: float, price: float, size: float = 1.0, symbol: str = "A") -> Trade:
    return Trade(symbol, price, size, OPEN_US + round(second * SECOND))


def test_open_and_close_go_by_time_of_trade_and_not_by_arrival() -> None:
    rows = bars_of([trade(10, 3.0), trade(299, 5.0), trade(1, 2.0), trade(100, 9.0)]).rows(
        OPEN_US, CLOSE_US
    )
    assert (rows.open[0], rows.high[0], rows.low[0], rows.close[0]) == (2.0, 9.0, 2.0, 5.0)
    assert rows.volume[0] == 4.0


def test_of_trades_at_one_time_the_first_to_come_opens_and_the_last_closes() -> None:
    rows = bars_of([trade(10, 3.0), trade(10, 4.0), trade(10, 5.0)]).rows(OPEN_US, CLOSE_US)
    assert (rows.open[0], rows.close[0]) == (3.0, 5.0)


@pytest.mark.parametrize("second", [-0.001, 3.5 * 3600])
def test_a_trade_outside_the_session_is_counted_and_left_out(second: float) -> None:
    bars = bars_of([trade(second, 3.0)])
    assert (bars.outside, len(bars.rows(0, 2 * CLOSE_US))) == (1, 0)


@pytest.mark.parametrize("bad", [trade(1, 0.0), trade(1, float("nan")), trade(1, 1.0, -1.0)])
def test_a_trade_without_price_or_size_is_counted_and_left_out(bad: Trade) -> None:
    bars = bars_of([bad])
    assert (bars.invalid, len(bars.rows(OPEN_US, CLOSE_US))) == (1, 0)


def test_a_bar_is_given_only_when_it_is_over() -> None:
    bars = bars_of([trade(10, 3.0), trade(310, 3.0)], seal_us=OPEN_US + 599 * SECOND)
    assert bars.rows(OPEN_US, CLOSE_US).start_us.tolist() == [OPEN_US]


def test_a_late_trade_does_not_change_a_bar_that_was_given() -> None:
    bars = bars_of([trade(10, 3.0)], seal_us=OPEN_US + 300 * SECOND)
    bars.add(trade(20, 9.0))
    assert bars.rows(OPEN_US, CLOSE_US).high.tolist() == [3.0]
    assert bars.late == {"A": 1}


def test_the_last_bar_ends_at_an_early_close() -> None:
    bars = bars_of([trade(3.5 * 3600 - 1, 3.0)], interval_minutes=60)
    rows = bars.rows(OPEN_US, CLOSE_US)
    assert rows.start_us.tolist() == [OPEN_US + 3 * 3600 * SECOND]


@pytest.mark.parametrize(
    ("begin", "end", "withheld"),
    [(0, 1, [0]), (299, 300, [0]), (300, 300, [1]), (299, 301, [0, 1]), (600, 650, [])],
)
def test_bars_that_a_gap_touches_are_withheld(begin: int, end: int, withheld: list[int]) -> None:
    bars = bars_of([trade(10, 3.0), trade(310, 3.0)])
    bars.interrupt(OPEN_US + begin * SECOND, OPEN_US + end * SECOND)
    given = (bars.rows(OPEN_US, CLOSE_US).start_us - OPEN_US) // (300 * SECOND)
    assert sorted({0, 1} - set(given.tolist())) == withheld


times = st.integers(0, (CLOSE_US - OPEN_US) // 1000 - 1)
prices = st.integers(1, 10_000).map(lambda cents: cents / 100)


@settings(max_examples=200, deadline=timedelta(seconds=1))
@given(
    st.lists(st.tuples(st.sampled_from("AB"), times, prices, st.integers(0, 500)), min_size=1),
    st.sampled_from([1, 5, 15, 30, 60]),
)
def test_bars_equal_what_the_loader_makes_of_the_same_trades(
    items: list[tuple[str, int, float, int]], interval_minutes: int
) -> None:
    unique = {(symbol, ms): (price, size) for symbol, ms, price, size in items}
    trades = [
        Trade(symbol, price, size, OPEN_US + ms * 1000)
        for (symbol, ms), (price, size) in unique.items()
    ]
    bars = bars_of(trades, interval_minutes)
    price = np.array([trade.price for trade in trades])
    ticks = BarRows(
        np.array(["AB".index(trade.symbol) for trade in trades], dtype=np.int64),
        np.array([trade.us for trade in trades], dtype=np.int64),
        price, price, price, price, np.array([float(trade.size) for trade in trades]),
        interval_minutes=1,
    )  # fmt: skip
    grid = make_grid([HALF_DAY], interval_minutes)
    ours, theirs = (
        make_panel(bars.rows(OPEN_US, CLOSE_US), grid, ("A", "B")),
        make_panel(ticks, grid, ("A", "B")),
    )
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
