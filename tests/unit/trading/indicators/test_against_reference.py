"""Indicators beside the reference's own, which are worked out anew from all bars that count.

The markets have gaps and new levels that forget, restored pasts, missing and rejected bars,
half-days and files of days.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest

import trading.indicators as declared
from tests.oracle.comparison import daily_bars_of
from tests.oracle.random_markets import Case
from tests.oracle.reference import indicators as slow
from tests.oracle.reference.bars import Bar, load
from tests.oracle.reference.engine import ReferenceEngine, days_of_file
from tests.oracle.reference.past import Past, daily_atr, daily_volume
from tests.oracle.varied_markets import varied_case
from trading.indicators import Indicator
from trading.indicators.daily_feed import feed_daily
from trading.indicators.past import forget_past, new_past, settle_past
from trading.indicators.studies import make_studies, row_of
from trading.indicators.update import begin_studies, end_studies, update_studies
from trading.market.bars import Prices
from trading.market.calendar import Session, from_microseconds
from trading.market.daily_bars import day_number

MISSING = (math.nan,) * 5


def declared_for(interval: int, range_minutes: int) -> dict[str, Indicator]:
    """Return indicators of every kind by name, those of bars for three lengths of bars."""
    found = {
        "vwap": declared.vwap(),
        "daily_atr": declared.daily_atr(),
        "daily_volume": declared.daily_volume(),
        "daily_close": declared.daily_close(),
        "daily_high": declared.daily_high(),
        "daily_low": declared.daily_low(),
        "opening_volume": declared.opening_volume(range_minutes),
        "relative_opening_volume": declared.relative_opening_volume(range_minutes),
    }
    for t in lengths_of_bars(interval):
        macd, bands = declared.macd(3, 8, 4, minutes=t), declared.bollinger(6, 1.5, minutes=t)
        of_bars = {
            "sma": declared.sma(7, minutes=t),
            "ema": declared.ema(9, minutes=t),
            "rsi": declared.rsi(5, minutes=t),
            "atr": declared.atr(14, minutes=t),
            "line": macd.line,
            "signal": macd.signal,
            "histogram": macd.histogram,
            "upper": bands.upper,
            "middle": bands.middle,
            "lower": bands.lower,
            "mean_volume": declared.mean_volume(20, minutes=t),
            "volume_before": declared.volume_before(2, minutes=t),
            "close": declared.close(minutes=t),
        }
        found |= {f"{name}@{t}": indicator for name, indicator in of_bars.items()}
    return found


def lengths_of_bars(interval: int) -> list[int]:
    return [interval, *(t for t in (15, 60) if t > interval)]


def worked_out(past: Past, days: list[Bar], interval: int) -> dict[str, float | None]:
    """Return the same from all that a symbol has seen."""
    today = [past.today[number] for number in sorted(past.today)]
    last_day = days[-1] if days else None
    found = {
        "vwap": slow.vwap(today),
        "daily_atr": daily_atr(days),
        "daily_volume": daily_volume(days),
        "daily_close": last_day and last_day.close,
        "daily_high": last_day and last_day.high,
        "daily_low": last_day and last_day.low,
        "opening_volume": past.opening_volume(),
        "relative_opening_volume": past.relative_opening_volume(),
    }
    closed = {coarser.minutes: coarser.closed for coarser in past.coarser} | {interval: past.bars}
    for t in lengths_of_bars(interval):
        bars = closed[t]
        closes, volumes = [bar.close for bar in bars], [bar.volume for bar in bars]
        line, signal, histogram = slow.macd(closes, 3, 8, 4) or (None,) * 3
        upper, middle, lower = slow.bollinger(closes, 6, 1.5) or (None,) * 3
        of_bars = {
            "sma": slow.sma(closes, 7),
            "ema": slow.ema(closes, 9),
            "rsi": slow.rsi(closes, 5),
            "atr": slow.atr(bars, 14),
            "line": line,
            "signal": signal,
            "histogram": histogram,
            "upper": upper,
            "middle": middle,
            "lower": lower,
            "mean_volume": slow.sma(volumes[:-1], 20),
            "volume_before": volumes[-3] if len(volumes) > 2 else None,
            "close": closes[-1] if closes else None,
        }
        found |= {f"{name}@{t}": value for name, value in of_bars.items()}
    return found


def beside_each_other(case: Case) -> Iterator[tuple[str, float, float | None]]:
    """Yield (where, Openbell's value, the reference's) at some bars of every session."""
    bars, _ = load(case.rows, case.sessions, case.symbols, case.interval)
    reference = ReferenceEngine(
        case.symbols,
        case.sessions,
        bars,
        case.interval,
        case.settings,
        case.capital,
        case.first_traded,
        days_of_file(case.daily, case.exchange, case.symbols),
    )
    indicators = declared_for(case.interval, case.settings["range_minutes"])
    studies = make_studies(indicators.values(), case.interval)
    rows = {name: row_of(studies, indicator) for name, indicator in indicators.items()}
    past = new_past(studies, len(case.symbols))
    daily = daily_bars_of(case)
    if daily is not None:
        feed_daily(studies, past.state, daily, date.fromisoformat(case.sessions[0][0]))
    for name, opened, closed in case.sessions:
        session = Session(
            date.fromisoformat(name), from_microseconds(opened), from_microseconds(closed)
        )
        reference.begin((name, opened, closed))
        begin_studies(studies, past.state, day_number(session.date))
        for k in range(reference.bar_count):
            reference.remember(k)
            for s, symbol in enumerate(case.symbols):
                if k in reference.gate[symbol].forgets:
                    forget_past(past, s, "new_level" in reference.gate[symbol].met[k])
            present = [reference.today[symbol].get(k) for symbol in case.symbols]
            columns = np.array([bar.values() if bar else MISSING for bar in present]).T
            update_studies(studies, past.state, k, reference.bar_count, Prices(*columns.copy()))
            if k not in (0, reference.range_bars, reference.bar_count - 1):
                continue
            for s, symbol in enumerate(case.symbols):
                expected = worked_out(reference.past[symbol], reference.days(symbol), case.interval)
                for each, row in rows.items():
                    where = f"{each} of {symbol} at bar {k} of {name}"
                    yield where, float(past.state[row, s]), expected[each]
        reference.end_session()
        restores = [reference.gate[symbol].restores for symbol in case.symbols]
        settle_past(past, np.array(restores))
        day = np.full((5, len(case.symbols)), math.nan)
        if daily is not None:
            day = np.array([column[0] for column in daily.of_sessions([session])])
        end_studies(studies, past.state, Prices(*day), daily is not None)


@pytest.mark.parametrize("seed", [5, 21, 24, 42, 50, 58])
def test_indicators_equal_the_references_through_all_that_forgets_and_restores(seed: int) -> None:
    compared = 0
    for where, ours, theirs in beside_each_other(varied_case(seed)):
        compared += theirs is not None
        assert ours == pytest.approx(
            math.nan if theirs is None else theirs, rel=1e-9, abs=1e-6, nan_ok=True
        ), where
    assert compared > 300
