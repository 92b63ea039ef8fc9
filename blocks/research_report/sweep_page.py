"""The page of a sweep: how much is luck, the best beside it, and all sets; it loads nothing."""

from __future__ import annotations

from html import escape

from blocks.report.data import script_json
from blocks.report.figures import headline, verdict
from blocks.report.html.document import document
from blocks.report.html.markup import element, scrolling, table, wrap
from blocks.report.notices import notes, simulated_banner
from blocks.research_report.costs import costs_section
from blocks.research_report.figures import figure_named, shown_value, shown_values
from blocks.research_report.luck import luck_section
from blocks.research_report.neighbours import neighbours_section
from blocks.research_report.periods import periods_section
from blocks.research_report.ranking import row_of, summary_of
from blocks.research_report.resamples import resamples_section
from blocks.research_report.sets import (
    ROWS_AT_A_TIME,
    Values,
    sets_data,
    sets_facts,
    sets_table,
    values_of,
)
from blocks.research_report.sweep_run import Refused, SweepPage
from trading.counted import counted

_STYLES = ("report/assets/base.css", "research_report/assets/research.css")
_SCRIPTS = (
    *(f"report/assets/{name}.js" for name in ("packed", "elements", "theme")),
    *(f"research_report/assets/{name}.js" for name in ("sets", "table", "heat_map", "sweep")),
)
_MOST_REFUSED = 200


def sweep_page(page: SweepPage) -> str:
    """Return the sweep as HTML, equal for equal sweeps.

    The sentence and the statistics stand before the best set, which is never shown without them.
    """
    values = tuple(values_of(page.results, name) for name in page.parameters)
    data = {
        "run": script_json(sets_facts(page, values)).encode("ascii"),
        **sets_data(page, values),
    }
    return document(
        "research_report/assets/sweep.html",
        _sections(page, values),
        data,
        styles=_STYLES,
        scripts=_SCRIPTS,
    ).decode()


def _sections(page: SweepPage, values: tuple[Values, ...]) -> dict[str, str]:
    first, last, objective = page.sessions[0], page.sessions[-1], figure_named(page.objective)
    row = row_of(page.results, page.best)
    summary = summary_of(page.results, row)
    best = {name: page.results[name][row] for name in page.parameters}
    costs = costs_section(page.statistics, summary.total_pnl)
    resamples = resamples_section(page.statistics, summary.total_pnl, summary.max_drawdown)
    title = f"{'SIMULATED: ' if page.is_simulated else ''}{page.title}"
    return {
        "page_title": element("title", f"{title}, {first} to {last}"),
        "banner": simulated_banner() if page.is_simulated else "",
        "heading": element("h1", page.title),
        "subtitle": element(
            "p",
            f"{counted(len(page.results), 'set')}, {first} to {last},"
            f" {counted(len(page.sessions), 'session')}",
        ),
        "source": element("p", f"Bars: {page.source}", class_="quiet"),
        "notes": notes("Read this first", page.notes, "notes"),
        "luck": luck_section(page.statistics, len(page.sessions)),
        "objective": element("span", objective.label),
        "best": element(
            "p", f"Set {page.best:,}: {shown_values(best)}", class_="values", id="best-values"
        ),
        "headline": headline(summary),
        "verdict": element("p", verdict(summary), class_="verdict"),
        "neighbours": neighbours_section(page, values),
        "periods": periods_section(page),
        "costs": costs,
        "resamples": resamples,
        "sets": sets_table(page),
        "table_words": _table_words(len(page.results)),
        "refused": _refused(page.refused),
        "links": "".join(
            element("a", words, href=f"#{name}")
            for name, words, is_there in (
                ("costs", "Costs", costs),
                ("resamples", "Chance", resamples),
            )
            if is_there
        ),
        "fixed": _facts({name: shown_value(value) for name, value in page.fixed.items()}),
        "engine_version": element("span", f"Openbell {page.engine}"),
    }


def _table_words(sets: int) -> str:
    shown = min(sets, ROWS_AT_A_TIME)
    said = "A click on a heading sorts." if sets > 1 else ""
    if shown < sets:
        said += f" Without JavaScript these are the best {shown:,} of {sets:,}."
    return wrap(
        "p",
        escape(f"{said} All figures of all sets are in results.parquet. The trades of a set: ")
        + element("code", "openbell sweep --out FOLDER --trades SET"),
        class_="hint",
    )


def _refused(refused: tuple[Refused, ...]) -> str:
    if not refused:
        return ""
    rows = [
        wrap(
            "tr",
            element("th", f"{each.set_number:,}", scope="row", class_="number")
            + element("td", shown_values(dict(each.values)))
            + element("td", each.why),
        )
        for each in refused[:_MOST_REFUSED]
    ]
    said = "One set was" if len(refused) == 1 else f"{len(refused):,} sets were"
    said += (
        " refused, and has no figures." if len(refused) == 1 else " refused, and have no figures."
    )
    if len(refused) > _MOST_REFUSED:
        said += f" The first {_MOST_REFUSED:,} are listed, all of them are in sweep.json."
    inside = (
        element("h2", "Refused sets")
        + element("p", said, class_="hint")
        + scrolling(table(("Set", "Values", "Why"), rows), "Refused sets", "wide tall")
    )  # fmt: skip
    return wrap("section", inside, id="refused")


def _facts(named: dict[str, str]) -> str:
    if not named:
        return ""
    rows = [
        wrap("tr", element("th", name, scope="row") + element("td", value))
        for name, value in named.items()
    ]
    inside = element("h2", "What all sets have in common")
    return wrap("section", inside + table(("Setting", "Value"), rows, class_="facts"), id="fixed")
