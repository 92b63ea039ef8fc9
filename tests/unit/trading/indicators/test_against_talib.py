"""Every indicator that TA-Lib has, against TA-Lib, on bars of which some are missing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.reference.engine import calendar_sessions
from tests.oracle.shared_data import REAL_BARS, shared_file
from tests.unit.trading.indicators.run import Floats, Run, made_bars, present, without
from trading.indicators import Indicator, atr, bollinger, ema, macd, rsi, sma
from trading.market.bars import Prices

Expected = Callable[[Floats, Floats, Floats], Floats]
CASES: list[tuple[Indicator, Expected]] = [
    *((sma(n), lambda high, low, close, n=n: talib.SMA(close, n)) for n in (2, 3, 20, 50)),
    *((ema(n), lambda high, low, close, n=n: talib.EMA(close, n)) for n in (2, 3, 20, 50)),
    *((rsi(n), lambda high, low, close, n=n: talib.RSI(close, n)) for n in (2, 3, 14, 30)),
    *(
        (atr(n), lambda high, low, close, n=n: talib.ATR(high, low, close, n))
        for n in (1, 2, 14, 30)
    ),
    *(
        (each, lambda high, low, close, f=f, at=at: talib.MACD(close, *f)[at])
        for f in ((12, 26, 9), (2, 3, 1), (3, 10, 16), (5, 6, 2))
        for at, each in enumerate(macd(*f))
    ),
    *(
        (each, lambda high, low, close, n=n, k=k, at=at: talib.BBANDS(close, n, k, k)[at])
        for n, k in ((2, 1.0), (20, 2.0), (33, 0.5))
        for at, each in enumerate(bollinger(n, k))
    ),
]


def assert_equal_to_talib(
    prices: Prices, run: Run, s: int, indicator: Indicator, expected: Expected
) -> None:
    bars = (present(values[:, s], prices, s) for values in (prices.high, prices.low, prices.close))
    theirs = expected(*bars)
    ours = present(run.of(indicator, s), prices, s)
    assert np.isnan(ours).tolist() == np.isnan(theirs).tolist(), indicator
    # A difference of two means may be 0, and is near it to within a price's last digits.
    scale = np.nanmax(prices.close[:, s]) * 1e-3 if "macd" in str(indicator) else 0.0
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * scale, err_msg=str(indicator))


@pytest.mark.parametrize("level", [0.5, 100.0, 6_000.0])
def test_values_are_talibs_and_missing_where_it_has_none(level: float) -> None:
    whole = made_bars(int(level), 300, 3, level)
    prices = without(whole, 7, 0.2)
    run = Run((indicator for indicator, _ in CASES), prices, [78, 42, 78, 78, 24])
    for s in range(3):
        for indicator, expected in CASES:
            assert_equal_to_talib(prices, run, s, indicator, expected)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(CASES), st.integers(1, 90), st.floats(0, 0.6))
def test_any_series_however_short_gives_talibs_values(
    seed: int, case: tuple[Indicator, Expected], bars: int, share: float
) -> None:
    indicator, expected = case
    prices = without(made_bars(seed, bars, level=20.0), seed, share)
    run = Run([indicator], prices, [bars])
    if not np.isnan(prices.close).all():
        assert_equal_to_talib(prices, run, 0, indicator, expected)


def test_values_are_talibs_on_real_bars_across_sessions() -> None:
    shared_file(f"data/{REAL_BARS.name}")
    first, *_, last = (day for day in pl.read_parquet(REAL_BARS)["ts"].dt.date().unique().sort())
    sessions = calendar_sessions("NYSE", first, last)
    frame = pl.read_parquet(REAL_BARS).with_columns(pl.col("ts").dt.epoch("us").alias("us"))
    regular = frame.filter(
        pl.any_horizontal([pl.col("us").is_between(o, c, closed="left") for _, o, c in sessions])
    )
    for symbol in ("AAPL", "TSLA"):
        bars = regular.filter(pl.col("symbol") == symbol).sort("us")
        columns = (bars[name].to_numpy() for name in ("open", "high", "low", "close"))
        r4 = [np.floor(values * 10000 + 0.5)[:, np.newaxis] / 10000 for values in columns]
        prices = Prices(*r4, volume=bars["volume"].to_numpy().astype(float)[:, np.newaxis])
        assert len(prices.close) > 4_000
        run = Run((each for each, _ in CASES), prices, [len(prices.close)], compiled=True)
        for indicator, expected in CASES:
            assert_equal_to_talib(prices, run, 0, indicator, expected)


@pytest.mark.parametrize("price", [0.0001, 0.07, 10.1, 123.4567, 65_432.1])
def test_prices_that_stand_still_have_a_mean_of_their_own_and_bands_without_width(
    price: float,
) -> None:
    moving = made_bars(3, 40, level=price).close
    close = np.vstack([moving, np.full((60, 1), price)])
    prices = Prices(close, close, close, close, np.ones_like(close))
    run = Run([sma(20), *bollinger(20), rsi(2)], prices, [100])
    for each in (sma(20), *bollinger(20)):
        assert run.of(each)[60:].tolist() == [price] * 40
    assert run.of(rsi(2))[-1] == talib.RSI(close[:, 0], 2)[-1]


def test_bands_stay_exact_far_from_where_prices_began() -> None:
    """A width from sums of squares, as it is often made, has no digit left here."""
    rng = np.random.default_rng(4)
    close = np.round(500_000.0 + np.cumsum(rng.normal(0, 0.01, 5_000)), 4)[:, np.newaxis]
    close[:10] = 1.0
    prices = Prices(close, close, close, close, np.ones_like(close))
    run = Run(bollinger(20), prices, [5_000], compiled=True)
    width = run.of(bollinger(20).upper) - run.of(bollinger(20).middle)
    for end in (100, 999, 2_500, 5_000):
        exact = 2 * float(np.std(close[end - 20 : end, 0] - 500_000.0))
        assert width[end - 1] == pytest.approx(exact, rel=1e-6)
