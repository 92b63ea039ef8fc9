"""The reference's own indicators against TA-Lib: what is to judge others is judged first."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from tests.oracle.reference.bars import Bar
from tests.oracle.reference.indicators import atr, bollinger, ema, macd, rsi, sma


@pytest.mark.parametrize("seed", range(6))
def test_the_references_indicators_equal_talibs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    length = int(rng.integers(2, 20))
    slow = length + int(rng.integers(1, 10))
    signal = int(rng.integers(2, 9))
    count = int(rng.integers(2, 90))
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    if seed % 2:
        close[count // 2 :] = close[count // 2]  # a price that stands still
    high, low = close * 1.01, close * 0.98
    columns = zip(high.tolist(), low.tolist(), close.tolist(), strict=True)
    bars = [Bar(0, c, h, low_, c, 1.0) for h, low_, c in columns]
    closes = close.tolist()
    expected = [
        (sma(closes, length), talib.SMA(close, length)[-1]),
        (ema(closes, length), talib.EMA(close, length)[-1]),
        (rsi(closes, length), talib.RSI(close, length)[-1]),
        (atr(bars, length), talib.ATR(high, low, close, length)[-1]),
    ]
    lines = macd(closes, length, slow, signal) or (None,) * 3
    expected += zip(lines, (v[-1] for v in talib.MACD(close, length, slow, signal)), strict=True)
    bands = bollinger(closes, length, 2.5) or (None,) * 3
    talibs = talib.BBANDS(close, length, 2.5, 2.5)
    expected += zip(bands, (values[-1] for values in talibs), strict=True)
    for ours, theirs in expected:
        assert (float("nan") if ours is None else ours) == pytest.approx(
            theirs, rel=1e-9, abs=1e-5, nan_ok=True
        )
