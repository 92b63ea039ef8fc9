"""A report that is sent around: 101 symbols over 222 sessions stay under 6 MB, whole."""

from __future__ import annotations

from concurrent.futures import Executor
from datetime import date

import numpy as np

from blocks.report.page import report_page
from tasks.backtest.request import BacktestRequest, plan_of
from tasks.backtest.run import PLAIN, Loaded, Progress, Steps, backtest
from tests.unit.blocks.report.reader import element_bytes, whole_numbers
from trading.engine.tapes.trade_tape import TradeRow
from trading.market.calendar import make_grid, sessions_between
from trading.market.panel import Defects, Panel

SYMBOLS = tuple(f"S{number:03d}" for number in range(101))


def load(request: BacktestRequest, tell: Progress, aside: Executor) -> Loaded:
    """Return a random walk in cents, with a wick to each side and volumes of six digits."""
    grid = make_grid(sessions_between("NYSE", date(2024, 10, 1), date(2025, 8, 20)), 5)
    draw = np.random.default_rng(7)
    shape = (grid.rows, len(SYMBOLS))
    close = 20_000 + draw.normal(0, 18, shape).cumsum(axis=0).round()
    opened = np.vstack([close[:1], close[:-1]]) + draw.integers(-2, 3, shape)
    wicks = draw.integers(0, 15, (2, *shape))
    high = np.maximum(opened, close) + wicks[0]
    low = np.minimum(opened, close) - wicks[1]
    columns = [values / 100 for values in (opened, high, low, close)]
    volume = draw.integers(10_000, 900_000, shape).astype(np.float64)
    panel = Panel(grid, SYMBOLS, *columns, volume, Defects())
    return Loaded(request, plan_of(request), panel, 0, "a random walk", ())


def test_a_hundred_symbols_over_a_year_stay_under_six_megabytes() -> None:
    request = BacktestRequest(symbols=SYMBOLS)
    run = backtest(request, steps=Steps(load, PLAIN.run, PLAIN.figures, PLAIN.report)).run()
    page = report_page(run)

    assert len(run.sessions) == 222
    assert run.summary.trades > 5_000
    assert len(page) < 6_000_000
    # And it is not small because it leaves out what was traded.
    trades = TradeRow(*run.outcome.trades.T)
    opens = run.panel.grid.start_us[run.panel.grid.first_row[:-1]]
    session = np.searchsorted(opens, trades.entry_us, side="right") - 1
    days = np.array(whole_numbers(element_bytes(page, "days"))).reshape(-1, 4)
    shown = set(map(tuple, days[:, :2].tolist()))
    traded = set(zip(session.tolist(), trades.symbol.astype(int).tolist(), strict=True))
    assert traded <= shown
