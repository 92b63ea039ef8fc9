"""The steps of a backtest as tasks of Prefect: each is called by what it does, and says it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from prefect import Task, get_run_logger
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.utilities.annotations import opaque

from blocks.results.served import page_of
from flows.pages.backtest_figures import aligned, figures
from flows.pages.live_page import LivePage
from flows.process.outcome import failed
from flows.process.run_names import some_symbols
from flows.process.termination import termination_kept
from tasks.backtest.report import BacktestReport
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import PLAIN, Loaded, Progress, Ran, Steps
from tasks.masked import without_secrets_in_errors
from trading.counted import counted
from trading.errors import OpenbellError

Parameters = ParamSpec("Parameters")
Done = TypeVar("Done")
# A line of a log has room for each figure beside its label.
LOG_WIDTH = 200


def loaded_line(loaded: Loaded) -> str:
    """Return in words what was loaded: symbols, sessions, bars, and where they come from."""
    plan, sessions = loaded.plan, loaded.sessions
    bars = "bars" if loaded.bars is None else counted(loaded.bars, "bar")
    return (
        f"loaded {counted(len(plan.symbols), 'symbol')} ({some_symbols(plan.symbols)}),"
        f" {counted(len(sessions), 'session')} from {sessions[0].date} to {sessions[-1].date},"
        f" {bars} of {counted(plan.interval_minutes, 'minute')}, from {loaded.source}"
    )


def figure_lines(report: BacktestReport) -> list[str]:
    """Return what was found: the figures as the terminal has them, and then the notes."""
    notes = (f"note: {note}" for note in report.notes)
    return [*aligned(figures(report.summary), LOG_WIDTH), *notes]


def _load_name(request: BacktestRequest, *_: object) -> str:
    where = "the simulated market" if request.bars is None else request.bars.name
    return f"load {some_symbols(request.symbols) or 'all symbols'} of {where}"


def _run_name(loaded: Loaded, *_: object) -> str:
    return f"run {loaded.plan.strategy_name} over {counted(len(loaded.sessions), 'session')}"


def _figures_name(ran: Ran, *_: object) -> str:
    return f"figures of {counted(len(ran.loaded.sessions), 'session')}"


def _report_name(report: BacktestReport, out: Path, *_: object) -> str:
    return f"report in {out.name}"


def _never(*_: object) -> bool:
    return False


def _as_task(
    kind: str,
    name: Callable[Parameters, str],
    function: Callable[Parameters, Done],
    said: Callable[..., Iterable[str]],
) -> Callable[Parameters, Done]:
    """Return a step as a task whose log says what came of it.

    What the user can mend is one line in its state, and no traceback; the flow gets it as the
    error that it was. Values are handed on in memory: none is kept, and Prefect, which would visit
    every part of them, looks into none.
    """
    masked = without_secrets_in_errors(function)

    @functools.wraps(function)
    def work(*values: Parameters.args, **named: Parameters.kwargs) -> Done | State[Any]:
        try:
            with termination_kept():
                done = masked(*values, **named)
        except OpenbellError as error:
            state = failed(error)
            state.data = error
            return state
        for line in said(done, *values, **named):
            get_run_logger().info("%s", line)
        return done

    shown = Task(
        work,
        name=kind,
        cache_policy=NO_CACHE,
        persist_result=False,
        # Never tried again; without a retry, Prefect would log a failed state with a traceback.
        retries=1,
        retry_condition_fn=_never,
    )

    @functools.wraps(function)
    def step(*values: Parameters.args, **named: Parameters.kwargs) -> Done:
        called = name(*values, **named)
        state: State[Any] = shown.with_options(task_run_name=lambda: called)(
            *(opaque(value) for value in values),
            **{key: opaque(value) for key, value in named.items()},
            return_state=True,
        )
        done: Done = state.result()
        return done

    return step


def _said_of_load(
    loaded: Loaded, request: BacktestRequest, tell: Progress, aside: Executor
) -> list[str]:
    return [loaded_line(loaded)]


def _said_of_run(ran: Ran, loaded: Loaded, tell: Progress) -> list[str]:
    trades = counted(len(ran.outcome.trades), "trade")
    return [f"ran {loaded.plan.strategy_name}: {trades}"]


def _said_of_figures(report: BacktestReport, ran: Ran, tell: Progress) -> list[str]:
    return figure_lines(report)


def report_lines(out: Path, live_page: LivePage) -> list[str]:
    """Return where the results are, and where a browser opens them."""
    return [f"the results are in {out.resolve()}", *live_page.openings(out, page_of(out))]


def steps_in_prefect(live_page: LivePage) -> Steps:
    """Return the steps as tasks of a run whose results `live_page` shows."""

    def said_of_report(done: None, report: BacktestReport, out: Path, tell: Progress) -> list[str]:
        return report_lines(out, live_page)

    return Steps(
        _as_task("load", _load_name, PLAIN.load, _said_of_load),
        _as_task("run", _run_name, PLAIN.run, _said_of_run),
        _as_task("figures", _figures_name, PLAIN.figures, _said_of_figures),
        _as_task("report", _report_name, PLAIN.report, said_of_report),
    )
