"""The daily bars of a backtest, where the user has some of his own."""

from __future__ import annotations

from dataclasses import replace

from blocks.archive.daily_bars import read_daily_bars
from blocks.bars.daily_bars import DailyFile
from tasks.backtest.request import BacktestRequest
from trading.plan import RunPlan


def daily_bars_of(request: BacktestRequest, symbols: tuple[str, ...]) -> DailyFile | None:
    """Return a request's daily bars, None where they are made of the others. Raises BadInput."""
    if request.daily_bars is None:
        return None
    file = read_daily_bars(request.daily_bars, symbols, request.exchange)
    rows = file.bars.defects.rows
    said = f"daily values are of {request.daily_bars}: {rows:,} rows of these symbols"
    return replace(file, notes=(said, *file.notes))


def with_daily_bars(plan: RunPlan, daily: DailyFile | None) -> RunPlan:
    """Return a plan that names the daily bars it is run with."""
    return replace(plan, daily_bars_sha256="" if daily is None else daily.bars.sha256)
