"""What the Prefect UI shows of a sweep: its best, with how much of it is luck, and its page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)

from flows.pages.artifacts import markdown_table
from flows.pages.live_page import LivePage
from flows.pages.research.sweep_figures import sweep_figures
from tasks.masked import without_secrets_in_errors
from tasks.sweep.folder import PAGE
from tasks.sweep.report import SweepReport
from trading.counted import counted
from trading.sweep.table import SET_NUMBER

MOST_SETS = 50
MOST_REFUSED = 20
# From here on cents are enough; below, four digits.
_LARGE = 1_000
# By which people judge a set, beside the figure that the sweep goes by.
FIGURES = ("sharpe", "total_pnl", "total_return", "max_drawdown", "profit_factor", "trades")


@without_secrets_in_errors
async def publish_sweep(report: SweepReport, out: Path, live_page: LivePage) -> None:
    """Show a sweep's best with its statistics, the sets after it, and where its page is."""
    address = live_page.of_results(out, PAGE)
    sets = counted(len(report.results), "set")
    what = f"sweep of {report.strategy}, {sets}"
    said = _sentence(report)
    notes = report.statistics["notes"]
    lines = [
        f"# Sweep of {report.strategy}",
        f"**{said}**",
        markdown_table(
            [{"figure": label, "value": value} for label, value in sweep_figures(report)]
        ),
        _bullets(refused_lines(report)),
        _bullets(report.notes),
        _bullets(str(note) for note in notes) if isinstance(notes, list) else "",
        f"Results: [{address}]({address}), in {out.resolve()}",
    ]
    await acreate_markdown_artifact(
        "\n\n".join(line for line in lines if line), key="sweep", description=said
    )
    await acreate_table_artifact(
        best_rows(report),
        key="sweep-best",
        description=f"The best by {report.objective} of {sets}. {said}.",
    )
    await acreate_link_artifact(
        address, link_text=f"Page of the {what}", key="sweep-results", description=address
    )


def sweep_message(report: SweepReport, out: Path, live_page: LivePage) -> str:
    """Return what a run's end says of a sweep: one line, its best never without its luck."""
    refused = f", {len(report.refused):,} refused" if report.refused else ""
    best = ", ".join(f"{label}: {value}" for label, value in sweep_figures(report)[:2])
    said = _sentence(report)
    sets = counted(len(report.results), "set")
    openings = ", ".join(live_page.openings(out, PAGE))
    return f"{sets}{refused}. {best}. {said}; {openings}"


def best_rows(report: SweepReport) -> list[dict[str, str]]:
    """Return the best sets as rows of texts, the best first."""
    objective = report.objective.value
    columns = [SET_NUMBER, *report.parameters, *dict.fromkeys([objective, *FIGURES])]
    best = report.results[report.best]
    # Where all sets have won every trade there is no profit factor, and the best is told apart.
    others = report.results.filter(report.results[SET_NUMBER] != best[SET_NUMBER][0]).sort(
        [objective, SET_NUMBER], descending=[True, False], nulls_last=True
    )
    rows = best.vstack(others.head(MOST_SETS - 1)).select(columns).to_dicts()
    return [{name: _text(value) for name, value in row.items()} for row in rows]


def refused_lines(report: SweepReport) -> list[str]:
    """Return a line for each set that has no figures, and how many more there are."""
    lines = [f"set {each.number}: {each.why}" for each in report.refused[:MOST_REFUSED]]
    more = len(report.refused) - len(lines)
    return [*lines, f"{more:,} more; sweep.json says why"] if more else lines


def _sentence(report: SweepReport) -> str:
    said = str(report.statistics["sentence"]).rstrip(".")
    return said[:1].upper() + said[1:]


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.2f}" if abs(value) >= _LARGE else f"{value:.4g}"
