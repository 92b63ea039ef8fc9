"""What a strategy writes to say which indicators it reads."""

from __future__ import annotations

from typing import NamedTuple

from trading.indicators.indicator import Indicator, Kind


class Macd(NamedTuple):
    """The three values of a MACD, which begin together."""

    line: Indicator
    signal: Indicator
    histogram: Indicator


class Bollinger(NamedTuple):
    """The middle of Bollinger's bands, and the bands above and below it."""

    upper: Indicator
    middle: Indicator
    lower: Indicator


def sma(n: int, *, minutes: int = 0) -> Indicator:
    """Name the mean of the last n closes."""
    return Indicator(Kind.SMA, (n,), minutes)


def ema(n: int, *, minutes: int = 0) -> Indicator:
    """Name the exponential mean of closes, seeded with the mean of the first n."""
    return Indicator(Kind.EMA, (n,), minutes)


def rsi(n: int = 14, *, minutes: int = 0) -> Indicator:
    """Name Wilder's relative strength index, 0 to 100."""
    return Indicator(Kind.RSI, (n,), minutes)


def atr(n: int = 14, *, minutes: int = 0) -> Indicator:
    """Name Wilder's average true range, USD."""
    return Indicator(Kind.ATR, (n,), minutes)


def macd(fast: int = 12, slow: int = 26, signal: int = 9, *, minutes: int = 0) -> Macd:
    """Name a MACD's line, its signal and the difference of the two, USD."""
    lengths = (fast, slow, signal)
    return Macd(*(Indicator(Kind.MACD, lengths, minutes, value) for value in Macd._fields))


def bollinger(n: int = 20, k: float = 2.0, *, minutes: int = 0) -> Bollinger:
    """Name Bollinger's bands: the mean of n closes, and k population deviations to each side."""
    # A whole number is the same width, and a text is refused where it can be named.
    deviations = float(k) if isinstance(k, int) else k
    return Bollinger(
        *(
            Indicator(Kind.BOLLINGER, (n,), minutes, value, deviations)
            for value in Bollinger._fields
        )
    )


def vwap() -> Indicator:
    """Name the session's mean price weighted with volume, none while the volume is 0."""
    return Indicator(Kind.VWAP)


def mean_volume(n: int = 20, *, minutes: int = 0) -> Indicator:
    """Name the mean volume of the n bars before this one."""
    return Indicator(Kind.MEAN_VOLUME, (n,), minutes)


def volume_before(k: int = 1, *, minutes: int = 0) -> Indicator:
    """Name the volume of the k-th accepted bar before this one; 0 is this one's own."""
    return Indicator(Kind.VOLUME_BEFORE, (k,), minutes)


def close(*, minutes: int = 0) -> Indicator:
    """Name the close of the last closed bar, of use with the minutes of a coarser one."""
    return Indicator(Kind.CLOSE, (), minutes)


def daily_atr() -> Indicator:
    """Name Wilder's ATR(14) over daily bars before this session, USD."""
    return Indicator(Kind.DAILY, value="daily_atr")


def daily_volume() -> Indicator:
    """Name the mean volume of the last 14 daily bars before this session, shares."""
    return Indicator(Kind.DAILY, value="daily_volume")


def daily_close() -> Indicator:
    """Name the close of the last daily bar before this session."""
    return Indicator(Kind.DAILY, value="daily_close")


def daily_high() -> Indicator:
    """Name the high of the last daily bar before this session."""
    return Indicator(Kind.DAILY, value="daily_high")


def daily_low() -> Indicator:
    """Name the low of the last daily bar before this session."""
    return Indicator(Kind.DAILY, value="daily_low")


def opening_volume(minutes: int) -> Indicator:
    """Name the volume of the session's first minutes, none until all their bars were there."""
    return Indicator(Kind.OPENING, (), minutes, "opening_volume")


def relative_opening_volume(minutes: int) -> Indicator:
    """Name the opening volume over the mean of the last 14 earlier sessions that have one."""
    return Indicator(Kind.OPENING, (), minutes, "relative_opening_volume")
