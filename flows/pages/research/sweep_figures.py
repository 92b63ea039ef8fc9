"""What a sweep shows on the terminal: never its best without how much of it is luck."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flows.pages.backtest_figures import aligned
from tasks.sweep.folder import PAGE
from tasks.sweep.report import SweepReport
from trading.backtest.performance import Json
from trading.counted import counted
from trading.sweep.table import SET_HASH, SET_NUMBER

_MOST_REASONS = 3


def print_sweep(report: SweepReport, folder: Path) -> None:
    """Print the sets, the best with its statistics, what was refused, and where the results are."""
    console = Console(highlight=False)
    first, last = report.sessions[0], report.sessions[-1]
    ran = len(report.results)
    console.print(
        f"[bold]{counted(ran, 'set')}[/bold] of {escape(report.strategy)} on"
        f" {escape(report.markets[0].market.source)}, {first} to {last},"
        f" {counted(len(report.sessions), 'session')}{_kept(report)}",
        soft_wrap=True,
    )
    console.print(f"[bold]{escape(_sentence(report.statistics))}[/bold]", soft_wrap=True)
    for line in aligned(sweep_figures(report), console.width):
        console.print(escape(line), soft_wrap=True)
    for line in _refused(report):
        console.print(f"[yellow]refused[/yellow] {escape(line)}", soft_wrap=True)
    for note in (*report.notes, *_notes(report.statistics)):
        console.print(f"[yellow]note[/yellow] {escape(note)}", soft_wrap=True)
    best = report.results.row(report.best, named=True)
    where = escape(str(folder))
    console.print(f"results in {where}", soft_wrap=True)
    console.print(f"open {escape(str(folder / PAGE))} in a browser", soft_wrap=True)
    console.print(
        f"its trades: openbell sweep --out {escape(shlex.quote(str(folder)))}"
        f" --trades {best[SET_HASH]}",
        soft_wrap=True,
    )


def sweep_figures(report: SweepReport) -> list[tuple[str, str]]:
    """Return the best and its statistics, each with its label."""
    best, said = report.results.row(report.best, named=True), report.statistics
    values = ", ".join(f"{name} {value}" for name, value in report.best_values.items())
    break_even = _number(said, "break_even_bps", ".1f")
    return [
        (f"Best by {report.objective}", f"set {best[SET_NUMBER]}: {values}"),
        (str(report.objective), _figure(best[report.objective.value])),
        ("Profit [USD]", f"{best['total_pnl']:+,.2f}"),
        ("Trades", f"{best['trades']:,}"),
        ("Tries", _number(said, "trials", ",")),
        ("Deflated Sharpe ratio [probability]", _number(said, "deflated_sharpe", ".3f")),
        ("Overfitting [probability]", _number(said, "pbo", ".3f")),
        ("SPA p-value", _number(said, "spa_p", ".3f")),
        ("Reality check p-value", _number(said, "reality_check_p", ".3f")),
        ("Break-even slippage [bps]", break_even),
    ]


def _kept(report: SweepReport) -> str:
    if not report.kept:
        return ""
    every = report.kept >= len(report.results)
    return "; all were done already" if every else f"; {report.kept:,} were done already"


def _refused(report: SweepReport) -> list[str]:
    """Return the first reasons for which sets were refused, a line each."""
    by_reason: dict[str, list[int]] = {}
    for each in report.refused:
        by_reason.setdefault(each.why, []).append(each.number)
    lines = [
        f"set {numbers[0]}: {why}"
        if len(numbers) == 1
        else f"{len(numbers):,} sets, the first is {numbers[0]}: {why}"
        for why, numbers in by_reason.items()
    ]
    left = len(lines) - _MOST_REASONS
    more = (
        [f"more sets for {counted(left, 'other reason')}; sweep.json has them all"]
        if left > 0
        else []
    )
    return lines[:_MOST_REASONS] + more


def _sentence(statistics: Mapping[str, Json]) -> str:
    return str(statistics["sentence"])


def _notes(statistics: Mapping[str, Json]) -> list[str]:
    notes = statistics["notes"]
    return [str(note) for note in notes] if isinstance(notes, list) else []


def _number(statistics: Mapping[str, Json], name: str, form: str) -> str:
    value = statistics[name]
    return format(value, form) if isinstance(value, int | float) else "-"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
