"""backtest: a strategy over past bars as a Prefect flow, its results shown as artifacts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import Field

from blocks.clocks import SystemClock
from flows.artifacts import publish_backtest
from flows.process_settings import begin_process
from flows.wiring import DEFAULT_SYMBOLS
from tasks.backtest_request import BacktestRequest
from tasks.backtest_steps import backtest as run_backtest
from trading.errors import OpenbellError
from trading.parameters import FillParameters, RiskParameters
from trading.strategies.orb import OrbParameters

SIMULATED_DAYS = 60
backtest_step = task(run_backtest, name="backtest", cache_policy=NO_CACHE, persist_result=False)


@flow(name="backtest", persist_result=False)
async def backtest(
    bars: Annotated[str | None, Field(description="File of bars; empty simulates them")] = None,
    symbols: Annotated[list[str], Field(description="In order of precedence")] = list(  # noqa: B006
        DEFAULT_SYMBOLS
    ),
    start: Annotated[date | None, Field(description="First session")] = None,
    end: Annotated[date | None, Field(description="Last session")] = None,
    interval_minutes: int = 5,
    capital: float = 10_000.0,
    exchange: str = "NYSE",
    strategy: OrbParameters = OrbParameters(),  # noqa: B008
    risk: RiskParameters = RiskParameters(),  # noqa: B008
    fills: FillParameters = FillParameters(),  # noqa: B008
    decisions: Literal["all", "changes", "none"] = "changes",
    data_dir: str = "data",
) -> State[None]:
    """Run a strategy over past bars and show its figures, its equity and its trades."""
    begin_process(data_dir)
    today = SystemClock().now().date()
    if bars is None:
        end = end or today - timedelta(days=1)
        start = start or end - timedelta(days=SIMULATED_DAYS)
    out = Path(data_dir) / "backtests" / str(flow_run.get_name() or "terminal")
    request = BacktestRequest(
        bars=Path(bars) if bars else None,
        symbols=tuple(symbols),
        start=start,
        end=end,
        interval_minutes=interval_minutes,
        capital=capital,
        exchange=exchange,
        settings=strategy.model_dump() | risk.model_dump() | fills.model_dump(),
        decisions=decisions,
        out=out,
    )
    try:
        report = backtest_step(request)
        await publish_backtest(report, out)
    except OpenbellError as error:
        return Failed(message=str(error))
    return Completed(message=f"{report.summary.trades} trades; results are in {out}")
