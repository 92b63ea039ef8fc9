"""The windows of a walk as tables: what each chose, what came of it, and how steady the choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from blocks.report.html.markup import bar, element, percent, scrolling, table, tone, wrap
from blocks.research_report.figures import figure_named, shown_value
from blocks.research_report.walk.run import WalkPage
from trading.walk_forward.efficiency import changes
from trading.walk_forward.walk import WindowRun


def windows_table(page: WalkPage) -> str:
    """Return a row a window: its sessions, its choice, and the objective in and out of sample."""
    objective = figure_named(page.walk.objective)
    widest = max(abs(run.summary.total_return) for run in page.walk.windows)
    of_choice = ("Set", *page.parameters, f"{objective.heading} in-sample", "out-of-sample")
    heads = ("Window", "Chosen on", "Traded", *of_choice, "", "Return", "Left", "Trades")
    rows = [_row(page, run, widest) for run in page.walk.windows]
    shown = table(heads, rows, class_="groups windows", id="window-rows")
    return scrolling(shown, "Windows")


def _row(page: WalkPage, run: WindowRun, widest: float) -> str:
    name = page.walk.objective
    objective, seen = figure_named(name), run.in_sample_summary
    made = run.summary.total_return
    cells = [
        element("th", str(run.window.number), scope="row"),
        *(
            element("td", f"{part[0].date} to {part[-1].date}")
            for part in (run.in_sample, run.out_of_sample)
        ),
        *_choice(page, run),
        _number(objective.written(None if seen is None else getattr(seen, name), unit=False)),
        _number(objective.written(getattr(run.summary, name), unit=False)),
        bar(made, widest),
        _number(percent(made), tone(made)),
        _number(percent(run.efficiency, ",.0f"), tone(run.efficiency)),
        _number(f"{run.summary.trades:,}"),
    ]
    return wrap("tr", "".join(cells))


def _choice(page: WalkPage, run: WindowRun) -> list[str]:
    """Return the cells of what was chosen, one wide cell where nothing was traded."""
    number = run.chosen.number
    if number is None or run.why_idle:
        return [element("td", run.why_idle, class_="why", colspan=str(1 + len(page.parameters)))]
    values = page.values[number]
    return [
        element("td", f"{number:,}"),
        *(element("td", shown_value(values[name])) for name in page.parameters),
    ]


def choices_table(page: WalkPage) -> str:
    """Return a row a parameter: how often its value changed, and how often each was chosen."""
    chosen = [
        page.values[run.chosen.number]
        for run in page.walk.windows
        if run.chosen.number is not None and not run.why_idle
    ]
    if not chosen:
        return ""
    rows = []
    for name in page.parameters:
        values = [shown_value(each[name]) for each in chosen]
        changed = changes(values)
        rows.append(
            wrap(
                "tr",
                element("th", name, scope="row")
                + _number(f"{changed:,} of {len(values) - 1:,}")
                + element("td", _counted(values)),
            )
        )
    shown = table(("Parameter", "Changed", "Chosen, and how often"), rows, class_="groups choices")
    return scrolling(shown, "Chosen values")


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{value} ({count:,} x)" for value, count in Counter(values).most_common())


def _number(text: str, mood: str = "") -> str:
    return element("td", text, class_=f"number {mood}".strip())
