"""What bars leave within a session and to later ones: vwap, volumes, coarser bars, daily values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trading.indicators.run import Floats, Run, made_bars, present, without
from trading.indicators import (
    atr,
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
from trading.market.bars import Prices

# A half-day among them, and one that ends in the middle of a coarser bar.
SESSIONS = [26, 14, 26, 25]


def in_order(values: Floats) -> float:
    total = 0.0
    for value in values.tolist():
        total += value
    return total


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    length=st.integers(1, 25),
    share=st.floats(0, 0.5),
    whole=st.booleans(),
)
def test_mean_volume_is_bit_for_bit_a_sum_in_order_of_the_bars_before(
    seed: int, length: int, share: float, *, whole: bool
) -> None:
    prices = without(made_bars(seed, 91), seed, share)
    if not whole:
        # Whole numbers, fractions, and such as are too large to be added exactly.
        scale = np.random.default_rng(seed).choice([1.0, 1 / 3, 1e14], (91, 1))
        prices = prices._replace(volume=prices.volume * scale)
    run = Run([mean_volume(length)], prices, SESSIONS)
    volumes = present(prices.volume[:, 0], prices)
    for number, ours in enumerate(present(run.of(mean_volume(length)), prices)):
        before = volumes[number - length : number] if number >= length else None
        assert math.isnan(ours) if before is None else ours == in_order(before) / length


def test_the_volume_of_a_bar_before_counts_accepted_bars_across_sessions() -> None:
    prices = without(made_bars(3, 91), 3, 0.3)
    wanted = [volume_before(k) for k in (0, 1, 2, 7)]
    run = Run(wanted, prices, SESSIONS)
    volumes = present(prices.volume[:, 0], prices)
    for k, indicator in zip((0, 1, 2, 7), wanted, strict=True):
        ours = present(run.of(indicator), prices)
        assert ours[k:].tolist() == volumes[: len(volumes) - k].tolist()
        assert np.isnan(ours[:k]).all()


def test_vwap_begins_with_each_session_and_with_its_first_volume() -> None:
    prices = without(made_bars(8, 91, 2), 8, 0.2)
    prices.volume[26:30] *= 0.0
    run = Run([vwap()], prices, SESSIONS)
    for s in range(2):
        begin = 0
        for bars in SESSIONS:
            worth, volume = 0.0, 0.0
            for row in range(begin, begin + bars):
                if not math.isnan(prices.close[row, s]):
                    three = prices.high[row, s] + prices.low[row, s] + prices.close[row, s]
                    worth += three / 3 * prices.volume[row, s]
                    volume += prices.volume[row, s]
                    ours = run.of(vwap(), s)[row]
                    assert math.isnan(ours) if volume == 0 else ours == worth / volume
            begin += bars


def coarser(prices: Prices, s: int, bars: int) -> tuple[Prices, list[int]]:
    """Return a symbol's bars of so many, and at which row each is closed."""
    made, rows, begin = [], [], 0
    for length in SESSIONS:
        for first in range(begin, begin + length, bars):
            last = min(first + bars, begin + length)
            inside = [row for row in range(first, last) if not math.isnan(prices.close[row, s])]
            if inside:
                part = Prices(*(values[inside, s] for values in prices))
                made.append(
                    (
                        part.open[0],
                        max(part.high),
                        min(part.low),
                        part.close[-1],
                        in_order(part.volume),
                    )
                )
                rows.append(last - 1)
        begin += length
    return Prices(*(np.array(values) for values in zip(*made, strict=True))), rows


@pytest.mark.parametrize("minutes", [10, 15, 60, 1_000])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_a_coarser_bar_counts_from_its_end_even_where_the_symbol_has_no_bar(
    minutes: int, share: float
) -> None:
    prices = without(made_bars(minutes, 91, 2), 5, share)
    wanted = {
        close(minutes=minutes): lambda bars: bars.close,
        ema(3, minutes=minutes): lambda bars: talib.EMA(bars.close, 3),
        sma(2, minutes=minutes): lambda bars: talib.SMA(bars.close, 2),
        rsi(2, minutes=minutes): lambda bars: talib.RSI(bars.close, 2),
        atr(3, minutes=minutes): lambda bars: talib.ATR(bars.high, bars.low, bars.close, 3),
        macd(2, 3, 2, minutes=minutes).signal: lambda bars: talib.MACD(bars.close, 2, 3, 2)[1],
        volume_before(0, minutes=minutes): lambda bars: bars.volume,
        volume_before(1, minutes=minutes): lambda bars: np.append(np.nan, bars.volume[:-1]),
    }
    run = Run(wanted, prices, SESSIONS)
    for s in range(2):
        bars, rows = coarser(prices, s, minutes // 5)
        for indicator, values_of in wanted.items():
            expected = np.append(np.nan, values_of(bars))
            # The last one that was closed by each row.
            known = expected[np.searchsorted(rows, np.arange(91), side="right")]
            np.testing.assert_allclose(
                run.of(indicator, s), known, rtol=1e-9, err_msg=str(indicator)
            )


def daily_bars(prices: Prices, s: int, sessions: int, bars: int) -> Prices:
    days = [slice(day * bars, (day + 1) * bars) for day in range(sessions)]
    made = []
    for day in days:
        inside = ~np.isnan(prices.close[day, s])
        part = Prices(*(values[day, s][inside] for values in prices))
        made.append(
            (part.open[0], max(part.high), min(part.low), part.close[-1], in_order(part.volume))
        )
    return Prices(*(np.array(values) for values in zip(*made, strict=True)))


@pytest.mark.parametrize("symbol", [0, 1])
def test_daily_values_are_those_of_the_sessions_before(symbol: int) -> None:
    prices = without(made_bars(symbol, 4 * 20, 2), 9, 0.2)
    wanted = [daily_atr(), daily_volume(), daily_close(), daily_high(), daily_low()]
    run = Run(wanted, prices, [4] * 20)
    days = daily_bars(prices, symbol, 20, 4)
    theirs = talib.ATR(days.high, days.low, days.close, 14)
    for row in range(4, 80):
        last = row // 4 - 1
        assert run.of(daily_close(), symbol)[row] == days.close[last]
        assert run.of(daily_high(), symbol)[row] == days.high[last]
        assert run.of(daily_low(), symbol)[row] == days.low[last]
        ours = run.of(daily_atr(), symbol)[row]
        assert ours == pytest.approx(theirs[last], rel=1e-12, nan_ok=True)
        mean = in_order(days.volume[last - 13 : last + 1]) / 14 if last >= 13 else math.nan
        assert run.of(daily_volume(), symbol)[row] == pytest.approx(mean, abs=0, nan_ok=True)
    assert np.isnan(run.of(daily_close(), symbol)[:4]).all()


def test_a_users_daily_bars_take_the_place_of_those_made_of_bars() -> None:
    """A symbol that the file lacks has none, and a day that it lacks leaves the day before."""
    prices = made_bars(2, 3 * 18, 2)
    daily = made_bars(7, 18, 2)
    for values in daily:
        values[:, 1] = np.nan
        values[4, 0] = np.nan
    run = Run([daily_atr(), daily_close()], prices, [3] * 18, daily=daily)
    there = [day for day in range(18) if day != 4]
    theirs = talib.ATR(*(values[there, 0] for values in (daily.high, daily.low, daily.close)), 14)
    assert run.of(daily_atr())[-1] == pytest.approx(theirs[-2], rel=1e-12)
    assert run.of(daily_close())[3 * 5] == daily.close[3, 0]
    assert run.of(daily_close())[3 * 6] == daily.close[5, 0]
    assert np.isnan(run.of(daily_atr(), 1)).all()
    assert np.isnan(run.of(daily_close(), 1)).all()


def test_an_opening_counts_when_all_its_bars_are_there_and_against_14_that_were() -> None:
    prices = made_bars(6, 3 * 40)
    # Of some sessions a bar of the opening is missing, of others one after it.
    for row in (3 * 5, 3 * 9 + 1, 3 * 11 + 2, 3 * 30):
        for values in prices:
            values[row] = np.nan
    wanted = [opening_volume(10), relative_opening_volume(10)]
    run = Run(wanted, prices, [3] * 40)
    kept: list[float] = []
    for session in range(40):
        volumes = prices.volume[3 * session : 3 * session + 2, 0]
        opening, relative = (run.of(each)[3 * session + 2] for each in wanted)
        assert np.isnan(run.of(wanted[0])[3 * session])
        if np.isnan(volumes).any():
            assert math.isnan(opening)
            assert math.isnan(relative)
            continue
        assert opening == volumes[0] + volumes[1]
        earlier = np.array(kept[-14:])
        mean = in_order(earlier) / 14 if len(kept) >= 14 else math.nan
        assert relative == pytest.approx(opening / mean, abs=0, nan_ok=True)
        kept.append(opening)
    assert len(kept) == 37


def test_openings_without_any_volume_are_no_measure() -> None:
    prices = made_bars(6, 20)
    prices.volume[:14] = 0.0
    run = Run([relative_opening_volume(5)], prices, [1] * 20)
    assert np.isnan(run.of(relative_opening_volume(5))[:15]).all()
    assert run.of(relative_opening_volume(5))[15] == prices.volume[15, 0] / (
        prices.volume[14, 0] / 14
    )
