"""What the Prefect UI shows of a walk-forward test: what is left, its windows, and its page."""

from __future__ import annotations

from pathlib import Path

from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)

from flows.pages.artifacts import markdown_table
from flows.pages.live_page import LivePage
from flows.pages.research.walk_figures import walk_figures, window_rows
from tasks.masked import without_secrets_in_errors
from tasks.walk_forward.folder import PAGE
from tasks.walk_forward.report import WalkReport
from trading.counted import counted

MOST_REFUSED = 20


@without_secrets_in_errors
async def publish_walk(report: WalkReport, out: Path, live_page: LivePage) -> None:
    """Show what is left of the choices, the windows, and where the page is."""
    address = live_page.of_results(out, PAGE)
    refused = report.refused_sets
    notes = [
        *(f"set {each.number} was refused: {each.why}" for each in refused[:MOST_REFUSED]),
        *report.notes,
        *report.statistics.notes,
        *report.monte_carlo.notes,
    ]
    lines = [
        f"# Walk-forward test of {report.strategy.name}",
        f"**{report.sentence}**",
        markdown_table(
            [{"figure": label, "value": value} for label, value in walk_figures(report)]
        ),
        "\n".join(f"- {note}" for note in notes),
        f"Results: [{address}]({address}), in {out.resolve()}",
    ]
    await acreate_markdown_artifact(
        "\n\n".join(line for line in lines if line),
        key="walk-forward",
        description=report.sentence,
    )
    await acreate_table_artifact(
        window_rows(report),
        key="walk-forward-windows",
        description=f"{counted(len(report.walk.windows), 'window')}. {report.sentence}",
    )
    await acreate_link_artifact(
        address,
        link_text=f"Page of the walk-forward test of {report.strategy.name}",
        key="walk-forward-results",
        description=address,
    )


def walk_message(report: WalkReport, out: Path, live_page: LivePage) -> str:
    """Return what a run's end says of a walk: one line, its profit never without what is left."""
    openings = ", ".join(live_page.openings(out, PAGE))
    return (
        f"{counted(len(report.walk.windows), 'window')},"
        f" {counted(len(report.sets), 'set')}; {report.sentence};"
        f" {report.walk.summary.total_pnl:+,.2f} USD out-of-sample; {openings}"
    )
