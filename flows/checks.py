"""null-test and look-ahead-test as Prefect flows, for any strategy's parameters."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from prefect import Task, flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.pages.goodwill import prefect_permitting
from flows.process.name_run import name_run
from flows.process.outcome import failed
from flows.process.run_names import span_name
from flows.process.settings import begin_process
from flows.session.asked_in_form import FormValues, asked_in_form
from flows.session.request import DEFAULT_SYMBOLS
from tasks.backtest import checks as honesty
from tasks.backtest.request import BacktestRequest
from trading.backtest.checks.noise_check import FEWEST_TRADES
from trading.errors import OpenbellError
from trading.plan import make_plan
from trading.strategies.orb_parameters import OrbParameters
from trading.strategy_choice import AnyStrategy

# Money and fills of a ruleset count here too, and have no field of their own.
_ALL_ELSE: dict[str, dict[str, object]] = {"risk": {}, "fills": {}, "gate": {}}
null_step = Task(honesty.run_null_test, name="null-test", cache_policy=NO_CACHE)
look_ahead_step = Task(honesty.run_look_ahead_test, name="look-ahead-test", cache_policy=NO_CACHE)


@flow(name="null-test", persist_result=False)
async def null_test(
    ruleset: str | None = None,
    strategy: AnyStrategy = OrbParameters(target="none"),  # noqa: B008
    trades: Annotated[int, Field(ge=FEWEST_TRADES)] = 20_000,
    interval_minutes: int = 5,
    seed: int = 1,
    data_dir: str = "data",
) -> State[None]:
    """Run a strategy on driftless random walks without costs, where it must earn nothing.

    Args:
        ruleset: Name of a ruleset, such as conservative; what stands at its default gives way
        strategy: When a position is entered, and how it is left; file is one of your own
        trades: How many trades it is to make, at least two
        interval_minutes: Length of a bar: 1, 5, 15, 30 or 60 minutes
        seed: Another number makes other walks
        data_dir: The folder of the accounts
    """
    configured = begin_process(data_dir)
    try:
        form = FormValues(
            strategy.model_dump(mode="json"), _ALL_ELSE, ruleset, interval_minutes=interval_minutes
        )
        asked = asked_in_form(form, configured, Path(data_dir)).required()
        plan = make_plan(
            ("WALK",),
            asked.settings,
            interval_minutes=asked.interval_minutes,
            strategy_module=asked.strategy_module,
        )
        await name_run(f"null-test {plan.strategy_name}")
        result = null_step(plan, trades, seed)
    except OpenbellError as error:
        return failed(error)
    line = honesty.noise_line(result)
    async with prefect_permitting("the null test"):
        await acreate_markdown_artifact(f"# Null test\n\n{line}", key="null-test")
    return Completed(message=line) if honesty.is_honest(result) else Failed(message=line)


@flow(name="look-ahead-test", persist_result=False)
async def look_ahead_test(
    bars: str | None = None,
    ruleset: str | None = None,
    symbols: list[str] = list(DEFAULT_SYMBOLS),  # noqa: B006
    start: date = date(2025, 6, 2),
    end: date = date(2025, 6, 13),
    interval_minutes: int = 5,
    strategy: AnyStrategy = OrbParameters(),  # noqa: B008
    cuts: Annotated[int, Field(ge=1)] = 20,
    seed: int = 1,
    data_dir: str = "data",
) -> State[None]:
    """Cut the future off at random bars, and see that nothing before a cut changes.

    Args:
        bars: File of bars; empty simulates them
        ruleset: Name of a ruleset, such as conservative; what stands at its default below gives way
        symbols: In order of precedence
        start: First session
        end: Last session
        interval_minutes: Length of a bar: 1, 5, 15, 30 or 60 minutes
        strategy: When a position is entered, and how it is left; file is one of your own
        cuts: At how many bars the future is cut off
        seed: Another number cuts at other bars
        data_dir: The folder of the accounts
    """
    configured = begin_process(data_dir)
    try:
        form = FormValues(
            strategy.model_dump(mode="json"), _ALL_ELSE, ruleset, tuple(symbols), interval_minutes
        )
        asked = asked_in_form(form, configured, Path(data_dir)).required()
        request = BacktestRequest(
            bars=Path(bars) if bars else None,
            symbols=asked.symbols,
            start=start,
            end=end,
            interval_minutes=asked.interval_minutes,
            settings=asked.settings,
            strategy_module=asked.strategy_module,
        )
        await name_run(span_name("look-ahead-test", request.symbols, start, end))
        result = look_ahead_step(request, cuts, seed)
    except OpenbellError as error:
        return failed(error)
    line = honesty.future_line(result, has_own_file=asked.strategy_module is not None)
    async with prefect_permitting("the look-ahead test"):
        await acreate_markdown_artifact(f"# Look-ahead test\n\n{line}", key="look-ahead-test")
    return Completed(message=line) if result.passed else Failed(message=line)
