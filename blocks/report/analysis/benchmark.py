"""The run against what buying and holding would have come to."""

from __future__ import annotations

import numpy as np

from blocks.report.analysis.pictures import Line, lines_picture
from blocks.report.html.markup import element, number, percent, scrolling, table, wrap
from blocks.report.run import ReportRun
from trading.analysis.benchmark import KNOWN, Against, Benchmark
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS
from trading.counted import counted
from trading.market.bars import Floats

_COMPARE = (
    "Two runs are held against each other by openbell compare ONE OTHER, which finds"
    " the first trade in which they differ."
)


def benchmark_section(run: ReportRun) -> str:
    """Return how the run stands to its benchmark, or how to name one."""
    figures, benchmark = run.analysis.benchmark, run.benchmark
    if figures is None or benchmark is None:
        said = (
            f"There is no benchmark: the run trades none of {', '.join(KNOWN)} with a price in its"
            " first and its last session. Name one with --benchmark SYMBOL, of the same bars, or"
            " --benchmark FILE, of your own."
        )
        inside = element("p", said, class_="hint")
    else:
        inside = (
            element("p", _words(figures, run.summary.total_return), class_="verdict")
            + _picture(run, benchmark)
            + scrolling(_table(run, figures), "Benchmark")
        )
    inside += element("p", _COMPARE, class_="hint below")
    return wrap("section", element("h2", "Against buying and holding") + inside, id="benchmark")


def _words(figures: Against, total_return: float) -> str:
    said = (
        f"{figures.name}, bought at the first open with the whole capital and held to the last"
        f" close without costs, returned {percent(figures.total_return)}; this run returned"
        f" {percent(total_return)}, {number(abs(figures.excess) * 100)} percentage points"
        f" {'more' if figures.excess >= 0 else 'less'}."
    )
    if figures.beta is None:
        return f"{said} Alpha and beta need {FEWEST_SESSIONS_FOR_RATIOS} sessions that differ."
    return (
        f"{said} When it moved by 1 % in a day, this run moved by {number(figures.beta)} % (beta);"
        f" what that does not explain is {percent(figures.alpha)} a year (alpha)."
    )


def _table(run: ReportRun, figures: Against) -> str:
    own, theirs = run.summary, figures.ratios
    few = f"needs {FEWEST_SESSIONS_FOR_RATIOS} sessions"
    yearly = (
        ("Annual return", percent(own.annual_return), percent(theirs.annual_return)),
        ("Annual volatility", percent(own.annual_volatility, ",.2f"),
         percent(theirs.annual_volatility, ",.2f")),
    )  # fmt: skip
    rows = [
        ("Return", percent(own.total_return), percent(figures.total_return)),
        *(yearly if own.is_told_by_year else ()),
        ("Sharpe ratio", number(own.sharpe), number(theirs.sharpe)),
        ("Sortino ratio", number(own.sortino), number(theirs.sortino)),
        ("Maximum drawdown", percent(own.max_drawdown), percent(theirs.max_drawdown)),
        ("Alpha, a year", few if figures.alpha is None else percent(figures.alpha), ""),
        ("Beta", few if figures.beta is None else number(figures.beta), ""),
        ("Correlation", number(figures.correlation), ""),
    ]  # fmt: skip
    lines = [
        wrap(
            "tr",
            element("th", name, scope="row")
            + element("td", mine, class_="number")
            + element("td", other, class_="number"),
        )
        for name, mine, other in rows
    ]
    shown = table(("Figure", "This run", figures.name), lines, class_="groups")
    hint = (
        f"Prices of {figures.name}: {figures.source}. It is held overnight, this run is not; its"
        " drawdown is that of its sessions' closes."
    )
    return shown + element("p", hint, class_="hint below")


def _picture(run: ReportRun, benchmark: Benchmark) -> str:
    capital = run.plan.capital
    held = benchmark.session_close / benchmark.first_open * capital
    return lines_picture(
        (
            Line("this run", "own", np.concatenate(([capital], session_equity(run)))),
            Line(benchmark.name, "other", np.concatenate(([capital], held))),
        ),
        f"Value of this run and of {counted(len(held), 'session')} of the benchmark, in USD",
        (str(run.sessions[0].date), str(run.sessions[-1].date)),
        ",.0f",
        " USD",
    )


def session_equity(run: ReportRun) -> Floats:
    """Return the equity at the last bar of each traded session, USD."""
    first_row, first = run.panel.grid.first_row, run.outcome.first_traded
    equity: Floats = run.outcome.equity[first_row[first + 1 :] - first_row[first] - 1]
    return equity
