"""Indicators that a strategy may read: what it writes to name them, equal to TA-Lib's."""

from trading.indicators.declared import (
    atr,
    bollinger,
    close,
    daily_atr,
    daily_close,
    daily_high,
    daily_low,
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
from trading.indicators.indicator import Indicator

__all__ = [
    "Indicator",
    "atr",
    "bollinger",
    "close",
    "daily_atr",
    "daily_close",
    "daily_high",
    "daily_low",
    "daily_volume",
    "ema",
    "macd",
    "mean_volume",
    "opening_volume",
    "relative_opening_volume",
    "rsi",
    "sma",
    "volume_before",
    "vwap",
]
