"""The simulated market: reproducible, independent of what else is asked, and valid."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from blocks.markets.random_walk import simulated_rows, simulated_stock
from trading.errors import BadInput
from trading.market.bars import BarRows
from trading.market.calendar import Session, make_grid, sessions_between
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel

SYMBOLS = ("AAPL", "MSFT", "TSLA", "SPY", "QQQ", "GLD")


def sessions(first: date, last: date) -> list[Session]:
    """Return NYSE sessions."""
    return sessions_between("NYSE", first, last)


def panel_of(symbols: tuple[str, ...], found: list[Session], interval: int, seed: int = 1) -> Panel:
    """Return simulated bars on their grid."""
    rows = simulated_rows(symbols, found, interval, seed=seed)
    return make_panel(rows, make_grid(found, interval), symbols)


def columns(rows: BarRows) -> list[np.ndarray]:
    """Return the columns that hold a bar."""
    return [rows.start_us, rows.open, rows.high, rows.low, rows.close, rows.volume]


def test_equal_requests_give_equal_bars() -> None:
    month = sessions(date(2025, 6, 1), date(2025, 6, 30))

    first, second = (simulated_rows(SYMBOLS, month, 5, seed=4) for _ in range(2))

    for one, other in zip(columns(first), columns(second), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_session_is_the_same_whatever_else_is_asked() -> None:
    year = sessions(date(2025, 1, 1), date(2025, 12, 31))
    day = [session for session in year if session.date == date(2025, 9, 17)]
    whole = simulated_rows(SYMBOLS, year, 5)
    on_day = (whole.start_us >= int(day[0].open.timestamp() * 10**6)) & (
        whole.start_us < int(day[0].close.timestamp() * 10**6)
    )

    alone = simulated_rows(("TSLA",), day, 5)

    same = whole.take(on_day & (whole.symbol == SYMBOLS.index("TSLA")))
    for one, other in zip(columns(alone), columns(same), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("interval", [5, 15, 30, 60])
def test_longer_bars_are_those_that_minutes_aggregate_to(interval: int) -> None:
    # The 3rd of July closes early, and neither day is a whole number of hours.
    week = sessions(date(2025, 6, 30), date(2025, 7, 7))
    minutes = simulated_rows(SYMBOLS, week, 1)

    aggregated = make_panel(minutes, make_grid(week, interval), SYMBOLS)

    direct = panel_of(SYMBOLS, week, interval)
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(aggregated, name), getattr(direct, name))


def test_every_bar_is_there_and_valid() -> None:
    panel = panel_of(SYMBOLS, sessions(date(2024, 11, 1), date(2025, 1, 31)), 1)

    defects = panel.defects
    assert defects.rows == panel.close.size
    assert defects.invalid == defects.duplicate == defects.missing == 0
    assert defects.outside_session == defects.zero_volume == 0
    np.testing.assert_allclose(panel.close * 100, np.round(panel.close * 100), atol=1e-9)


def test_seeds_and_symbols_differ() -> None:
    day = sessions(date(2025, 6, 5), date(2025, 6, 5))
    panel = panel_of(SYMBOLS, day, 5)

    other = panel_of(SYMBOLS, day, 5, seed=2)

    assert not np.any(panel.close == other.close)
    returns = np.diff(np.log(panel.close), axis=0)
    correlation = np.corrcoef(returns.T) - np.eye(len(SYMBOLS))
    assert np.abs(correlation).max() < 0.5


def test_prices_and_volatility_are_those_of_stocks() -> None:
    many = tuple(f"S{number:03d}" for number in range(60))
    found = sessions(date(2023, 1, 1), date(2024, 12, 31))[::5]
    grid = make_grid(found, 60)
    panel = panel_of(many, found, 60)

    assert panel.low.min() > 20
    assert panel.high.max() < 600
    opens, closes = panel.open[grid.first_row[:-1]], panel.close[grid.first_row[1:] - 1]
    inside = np.log(closes / opens).std(axis=0)
    wanted = np.array([simulated_stock(symbol, 1).daily_volatility for symbol in many])
    assert (wanted.min() >= 0.01) and (wanted.max() <= 0.02)
    np.testing.assert_allclose(inside, wanted * np.sqrt(7 / 8), rtol=0.35)


def test_a_session_opens_near_the_close_before_it() -> None:
    found = sessions(date(2024, 1, 1), date(2024, 12, 31))
    panel = panel_of(SYMBOLS, found, 60)
    first_row = panel.grid.first_row

    night = np.log(panel.open[first_row[1:-1]] / panel.close[first_row[1:-1] - 1])

    inside = np.log(panel.close[first_row[1:] - 1] / panel.open[first_row[:-1]])
    assert np.all(night.std(axis=0) < 0.75 * inside.std(axis=0))
    assert np.abs(night).max() < 0.1


def test_volume_is_highest_at_the_borders_of_the_session() -> None:
    found = sessions(date(2024, 5, 1), date(2024, 6, 28))
    volume = panel_of(SYMBOLS, found, 30).volume.reshape(len(found), 13, len(SYMBOLS))

    by_half_hour = volume.mean(axis=(0, 2))

    assert by_half_hour[0] > 1.5 * by_half_hour[6]
    assert by_half_hour[12] > 1.5 * by_half_hour[6]


def test_nothing_asked_gives_no_rows() -> None:
    assert len(simulated_rows((), sessions(date(2025, 6, 5), date(2025, 6, 5)), 5)) == 0
    assert len(simulated_rows(SYMBOLS, [], 5)) == 0


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(BadInput, match="seed -1 is negative"):
        simulated_rows(SYMBOLS, [], 5, seed=-1)
