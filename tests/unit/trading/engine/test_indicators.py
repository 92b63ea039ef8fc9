"""ATR and mean volume against TA-Lib and numpy, on real and on random bars."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import talib
from numpy.typing import NDArray

from tests.oracle.reference_engine import calendar_sessions
from tests.oracle.shared_data import REAL_BARS, shared_file
from trading.engine.indicators import (
    ATR_BARS,
    VOLUME_BARS,
    mean_volume,
    new_indicators,
    new_past,
    update_atr,
    update_volume,
)
from trading.engine.signals import warm_session
from trading.gate.state import new_gate
from trading.gate.verdicts import new_verdicts
from trading.market.bars import Prices

Floats = NDArray[np.float64]


def atr_of(high: Floats, low: Floats, close: Floats, s: int = 0, symbols: int = 1) -> Floats:
    """Return our ATR after each bar."""
    indicators = new_indicators(symbols)
    values = []
    for bar in zip(high, low, close, strict=True):
        update_atr(indicators, s, *map(float, bar))
        values.append(indicators.atr[s])
    return np.array(values)


def random_bars(seed: int, bars: int, level: float) -> tuple[Floats, Floats, Floats]:
    """Return high, low and close of a walk with gaps, some of them large."""
    rng = np.random.default_rng(seed)
    close = level * np.exp(np.cumsum(rng.normal(0, 0.01, bars)))
    opened = np.roll(close, 1) * (1 + rng.normal(0, 0.02, bars) * (rng.random(bars) < 0.2))
    opened[0] = level
    high = np.maximum(opened, close) * (1 + rng.exponential(0.004, bars))
    low = np.minimum(opened, close) * (1 - rng.exponential(0.004, bars))
    return high, low, close


@pytest.mark.parametrize("level", [0.05, 3.0, 100.0, 6_000.0])
@pytest.mark.parametrize("seed", range(5))
def test_atr_equals_talibs_on_random_bars(seed: int, level: float) -> None:
    high, low, close = random_bars(seed, 400, level)
    expected = talib.ATR(high, low, close, timeperiod=14)
    ours = atr_of(high, low, close)
    assert np.isnan(ours).tolist() == np.isnan(expected).tolist()
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_atr_equals_talibs_on_real_bars_across_sessions() -> None:
    shared_file(f"data/{REAL_BARS.name}")
    first, *_, last = (day for day in pl.read_parquet(REAL_BARS)["ts"].dt.date().unique().sort())
    sessions = calendar_sessions("NYSE", first, last)
    frame = pl.read_parquet(REAL_BARS).with_columns(pl.col("ts").dt.epoch("us").alias("us"))
    regular = frame.filter(
        pl.any_horizontal([pl.col("us").is_between(o, c, closed="left") for _, o, c in sessions])
    )
    for symbol in ("AAPL", "SPY", "TSLA"):
        bars = regular.filter(pl.col("symbol") == symbol).sort("us")
        high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
        assert len(close) > 4_000
        np.testing.assert_allclose(
            atr_of(high, low, close), talib.ATR(high, low, close, timeperiod=14), rtol=1e-12
        )


def test_the_first_atr_is_the_mean_of_the_first_14_true_ranges() -> None:
    high, low, close = random_bars(9, 20, 100.0)
    ours = atr_of(high, low, close)
    ranges = talib.TRANGE(high, low, close)
    assert np.isnan(ours[:ATR_BARS]).all()
    assert ours[ATR_BARS] == pytest.approx(ranges[1 : ATR_BARS + 1].mean(), rel=1e-14)


def test_symbols_do_not_touch_each_others_indicators() -> None:
    high, low, close = random_bars(4, 60, 100.0)
    alone = atr_of(high, low, close)
    indicators = new_indicators(3)
    for bar in zip(high, low, close, strict=True):
        update_atr(indicators, 1, *map(float, bar))
        update_atr(indicators, 2, 1.0, 0.5, 0.7)
        update_volume(indicators, 2, 7.0)
    assert indicators.atr[1] == alone[-1]
    assert np.isnan(indicators.atr[0])
    assert np.isnan(mean_volume(indicators, 1))
    assert mean_volume(indicators, 2) == 7.0


@pytest.mark.parametrize("seed", range(3))
def test_mean_volume_is_the_mean_of_the_20_bars_before(seed: int) -> None:
    volumes = np.floor(np.random.default_rng(seed).exponential(5_000, 90))
    indicators = new_indicators(1)
    for number, volume in enumerate(volumes):
        ours = mean_volume(indicators, 0)
        if number < VOLUME_BARS:
            assert np.isnan(ours)
        else:
            assert ours == pytest.approx(volumes[number - 20 : number].mean(), rel=1e-14)
        update_volume(indicators, 0, float(volume))


def test_warming_takes_whole_sessions_in_bar_by_bar_and_skips_missing_ones() -> None:
    rng = np.random.default_rng(5)
    columns = [random_bars(seed, 80, 50.0) for seed in (1, 2)]
    high, low, close = (np.column_stack(pair) for pair in zip(*columns, strict=True))
    volume = np.floor(rng.exponential(900, (80, 2)))
    missing = rng.random((80, 2)) < 0.2
    for values in (high, low, close, volume):
        values[missing] = np.nan
    past = new_past(2)
    prices = Prices(close, high, low, close, volume)
    warm_session(past, new_gate(2), new_verdicts(80, 2), prices, 0, 80)
    warmed = past.present
    for s in range(2):
        there = ~missing[:, s]
        present = [np.ascontiguousarray(column[there, s]) for column in (high, low, close)]
        assert warmed.atr[s] == pytest.approx(talib.ATR(*present, timeperiod=14)[-1], rel=1e-12)
        assert mean_volume(warmed, s) == pytest.approx(volume[there, s][-20:].mean(), rel=1e-14)
