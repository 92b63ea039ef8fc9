"""What a backtest shows on the terminal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape

from blocks.results.folder import REPORT
from tasks.backtest.report import BacktestReport
from trading.analysis.benchmark import against
from trading.backtest.performance import SideFigures, Summary
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS
from trading.counted import counted


def print_report(report: BacktestReport, folder: Path | None) -> None:
    """Print the figures of a backtest, its notes and where its results are."""
    console = Console(highlight=False)
    plan, sessions = report.plan, report.sessions
    symbols = ", ".join(plan.symbols[:8]) + (" ..." if len(plan.symbols) > 8 else "")
    console.print(
        f"[bold]{escape(plan.strategy_name)}[/bold] on {escape(symbols)},"
        f" {plan.interval_minutes}-minute bars, {sessions[0].date} to {sessions[-1].date}"
        f" ({escape(report.source)})",
        soft_wrap=True,
    )
    rows = [*figures(report.summary), *compared(report), *(costs(report) if folder else ())]
    for line in aligned(rows, console.width):
        console.print(escape(line), soft_wrap=True)
    for note in report.notes:
        console.print(f"[yellow]note[/yellow] {escape(note)}", soft_wrap=True)
    if folder is not None:
        console.print(f"results in {escape(str(folder))}", soft_wrap=True)
        if (folder / REPORT).exists():
            console.print(f"open {escape(str(folder / REPORT))} in a browser", soft_wrap=True)


def aligned(rows: list[tuple[str, str]], width: int) -> list[str]:
    """Return a line a figure, in two columns where they have room, and never cut."""
    left = max(len(label) for label, _ in rows)
    right = max(len(value) for _, value in rows)
    if left + 2 + right > width:
        return [f"{label}: {value}" for label, value in rows]
    return [f"{label:<{left}}  {value:>{right}}" for label, value in rows]


def figures(summary: Summary) -> list[tuple[str, str]]:
    """Return a summary's figures as people read them, each with its label."""
    few = f"fewer than {FEWEST_SESSIONS_FOR_RATIOS} sessions"
    ratios = summary.is_told_by_year
    volatility = _number(_times(summary.annual_volatility, 100), ".2f")
    low, high = summary.expectancy_r_low, summary.expectancy_r_high
    interval = "" if low is None else f" ({_number(low, '+.3f')} to {_number(high, '+.3f')})"
    exits = ", ".join(f"{name} {count}" for name, count in summary.exit_reasons.items() if count)
    return [
        ("Sessions", f"{summary.sessions}"),
        ("Trades", f"{summary.trades}"),
        ("Final equity [USD]", f"{summary.final_equity:,.2f}"),
        ("Profit [USD]", f"{summary.total_pnl:+,.2f}"),
        ("Return [%]", _percent(summary.total_return)),
        ("Annual return [%]", _percent(summary.annual_return) if ratios else few),
        ("Annual volatility [%]", volatility if ratios else few),
        ("Max drawdown [%]", _percent(summary.max_drawdown)),
        ("Sharpe ratio", _number(summary.sharpe, ".2f") if ratios else few),
        ("Sortino ratio", _number(summary.sortino, ".2f") if ratios else few),
        ("Win rate [%]", _number(_times(summary.win_rate, 100), ".1f")),
        ("Profit factor", _number(summary.profit_factor, ".2f")),
        ("Expectancy [R] (95 % interval)", f"{_number(summary.expectancy_r, '+.3f')}{interval}"),
        ("Average duration [min]", _number(summary.average_duration_minutes, ".1f")),
        ("Exposure [% of bars]", _number(_times(summary.exposure, 100), ".1f")),
        ("Turnover [x equity]", _number(summary.turnover, ".1f")),
        ("Long", _side(summary.long)),
        ("Short", _side(summary.short)),
        ("Exits", exits or "-"),
        ("Assumed closes", f"{summary.assumed_closes}"),
    ]


def compared(report: BacktestReport) -> list[tuple[str, str]]:
    """Return the benchmark and the two parts of a run, each where there is one."""
    rows = []
    if report.benchmark is not None:
        returns = np.array(report.summary.session_returns)
        found = against(report.benchmark, returns, report.summary.total_return)
        told = f"{found.name} {_percent(found.total_return)}"
        if found.beta is not None:
            told += f", alpha {_percent(found.alpha)} a year, beta {found.beta:.2f}"
        rows.append(("Benchmark return [%]", told))
    if report.out_of_sample_from is not None and report.analysis.samples is not None:
        samples = report.analysis.samples
        for name, part in (("In sample", samples.inside), ("Out of sample", samples.outside)):
            rows.append(
                (name, f"{part.total_pnl:+,.2f} USD, {_number(part.expectancy_r, '+.3f')} R"
                 f" in {counted(part.trades, 'trade')}")
            )  # fmt: skip
    return rows


def costs(report: BacktestReport) -> list[tuple[str, str]]:
    """Return what costs took from the profit, nothing where no bars were kept."""
    found = report.analysis.costs
    if found is None:
        return []
    paid = _number(found.slippage_bps, ".2f")
    return [
        ("Profit before costs [USD]", f"{found.gross_profit:+,.2f}"),
        ("Slippage, fees [USD]", f"{found.slippage:,.2f}, {found.fees:,.2f}"),
        ("Break-even slippage [bps]",
         f"{_number(found.break_even_slippage_bps, '.2f')} (paid {paid})"),
    ]  # fmt: skip


def _side(side: SideFigures) -> str:
    return f"{counted(side.trades, 'trade')}, {side.wins:,} won, {side.pnl:+,.2f} USD"


def _percent(value: float | None) -> str:
    return _number(_times(value, 100), "+.2f")


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
