"""What a walk-forward test shows on the terminal: its windows, and what was left of the choices."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blocks.research_report.figures import shown_value
from flows.pages.backtest_figures import aligned
from tasks.walk_forward.folder import PAGE
from tasks.walk_forward.report import WalkReport
from trading.counted import counted
from trading.walk_forward.walk import WindowRun

_MOST_REFUSED = 3


def print_walk(report: WalkReport) -> None:
    """Print the sentence, a row a window, the figures of what was traded, and where results are."""
    console = Console(highlight=False)
    walk, lengths, statistics = report.walk, report.walk.lengths, report.statistics
    sessions = walk.joined.grid.sessions
    kind = "anchored" if lengths.is_anchored else "rolling"
    console.print(
        f"[bold]{counted(len(walk.windows), f'{kind} window')}[/bold] of"
        f" {escape(report.strategy.name)} on {escape(report.markets[0].source)}:"
        f" {counted(len(report.sets), 'set')} by {walk.objective},"
        f" {counted(lengths.in_sample, 'session')} in-sample, {lengths.purged} purged,"
        f" {lengths.out_of_sample} traded, {sessions[0].date} to {sessions[-1].date}",
        soft_wrap=True,
    )
    console.print(f"[bold]{escape(report.sentence)}[/bold]", soft_wrap=True)
    console.print(_table(report))
    for line in aligned(walk_figures(report), console.width):
        console.print(escape(line), soft_wrap=True)
    for each in report.refused_sets[:_MOST_REFUSED]:
        console.print(
            f"[yellow]refused[/yellow] set {each.number}: {escape(each.why)}", soft_wrap=True
        )
    of_costs = report.costs.notes if report.costs is not None else ()
    for note in (*report.notes, *statistics.notes, *report.monte_carlo.notes, *of_costs):
        console.print(f"[yellow]note[/yellow] {escape(note)}", soft_wrap=True)
    out = report.request.sweep.out
    console.print(f"results in {escape(str(out))}", soft_wrap=True)
    console.print(f"open {escape(str(out / PAGE))} in a browser", soft_wrap=True)


def walk_figures(report: WalkReport) -> list[tuple[str, str]]:
    """Return the figures of what was traded in all windows, each with its label."""
    summary, statistics = report.walk.summary, report.statistics
    needed, costs = statistics.min_track_record_sessions, report.costs
    return [
        ("Profit out-of-sample [USD]", f"{summary.total_pnl:+,.2f}"),
        ("Return [%]", f"{100 * summary.total_return:+.2f}"),
        ("Sharpe ratio", _number(summary.sharpe, ".2f")),
        ("Max drawdown [%]", _number(_hundredfold(summary.max_drawdown), ".2f")),
        ("Trades", f"{summary.trades:,}"),
        (
            "Efficiency [% of the in-sample rate]",
            _number(_hundredfold(statistics.efficiency), ".0f"),
        ),
        ("Luck alone does as well [probability]", _number(statistics.luck_p, ".3f")),
        (
            "Minimum track record [sessions]",
            "-" if needed is None else f"{needed:,}, there are {statistics.sessions:,}",
        ),
        ("Break-even slippage [bps]", _number(costs.break_even_bps if costs else None, ".1f")),
        ("Choices that changed", f"{statistics.changes} of {max(0, statistics.choices - 1)}"),
    ]


def window_rows(report: WalkReport) -> list[dict[str, str]]:
    """Return a row a window: when it trades, the objective of both parts, and its choice."""
    objective = str(report.walk.objective)
    heads = ("Window", "Traded from", f"{objective} in", "out", "Return [%]", "Left [%]")
    choice = ", ".join(report.parameters)
    return [
        dict(zip((*heads, choice), _row(report, run), strict=True)) for run in report.walk.windows
    ]


def _table(report: WalkReport) -> Table:
    rows = window_rows(report)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    last = len(rows[0]) - 1
    for place, head in enumerate(rows[0]):
        table.add_column(escape(head), justify="left" if place in (1, last) else "right")
    for row in rows:
        table.add_row(*map(escape, row.values()))
    return table


def _row(report: WalkReport, run: WindowRun) -> tuple[str, ...]:
    figures, name = run.in_sample_summary, report.walk.objective
    return (
        str(run.window.number),
        run.out_of_sample[0].date.isoformat(),
        _number(None if figures is None else getattr(figures, name), ".2f"),
        _number(getattr(run.summary, name), ".2f"),
        f"{100 * run.summary.total_return:+.2f}",
        _number(_hundredfold(run.efficiency), ".0f"),
        run.why_idle or _said(report, run.chosen.number),
    )


def _said(report: WalkReport, number: int | None) -> str:
    values = {} if number is None else report.sets[number].values
    return ", ".join(shown_value(value) for value in values.values())


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
