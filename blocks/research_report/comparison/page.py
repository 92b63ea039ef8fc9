"""The page of a comparison: in what runs differ, in one file of HTML that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from blocks.report.html.document import document
from blocks.report.html.markup import element, items, number, scrolling, table, tone, wrap
from blocks.report.notices import simulated_banner
from blocks.research_report.bands import legend
from blocks.research_report.comparison.differences import (
    COMPARED,
    Row,
    equity_together,
    figures_beside,
    parameters_that_differ,
    same_or_not,
    trade_sentences,
    trades_that_differ,
)
from blocks.research_report.comparison.run import ComparedRun
from blocks.research_report.curves import Curve, curves

_STYLES = ("report/assets/base.css", "research_report/assets/research.css",
           "research_report/assets/compare.css")  # fmt: skip
_SCRIPTS = ("report/assets/elements.js", "report/assets/theme.js")
# Of each kind, so that two long runs with nothing in common stay a page that opens.
_MOST_TRADES = 500
# Lines of that many kinds are told apart.
_KINDS_OF_LINES = 8
_HEADS = {"entry_price": "Entry", "exit_time": "Out", "exit_price": "Exit", "exit_reason": "Why",
          "quantity": "Shares", "pnl": "Profit, USD"}  # fmt: skip


def comparison_page(runs: Sequence[ComparedRun]) -> bytes:
    """Return the comparison as HTML, equal for equal runs; the first is what others differ from."""
    names = " and ".join(run.label for run in runs)
    differ = parameters_that_differ(runs)
    return document(
        "research_report/assets/compare.html",
        {
            "page_title": element("title", f"{names}: {', '.join(run.name for run in runs)}"),
            "banner": simulated_banner() if any(run.is_simulated for run in runs) else "",
            "heading": element("h1", f"Runs {names}"),
            "runs": _runs(runs),
            "same": items(same_or_not(runs)),
            "parameters": (
                _beside(runs, differ, "Parameter", "parameters-rows")
                if differ
                else element("p", "No parameter differs.")
            ),
            "figures": _beside(runs, figures_beside(runs), "Figure", "figures-rows"),
            "equity": _equity(runs),
            "trades": "\n".join(_trades(runs[0], other) for other in runs[1:]),
        },
        {},
        styles=_STYLES,
        scripts=_SCRIPTS,
    )


def _runs(runs: Sequence[ComparedRun]) -> str:
    rows = [
        wrap(
            "tr",
            element("th", run.label, scope="row")
            + element("td", run.name)
            + element("td", f"{run.first} to {run.last}", class_="nowrap")
            + element("td", run.source)
            + wrap("td", wrap("ul", items(run.notes), class_="plain") if run.notes else ""),
        )
        for run in runs
    ]
    return scrolling(
        table(("Run", "Name", "Sessions", "Bars", "Notes"), rows, class_="runs"), "Runs"
    )


def _beside(runs: Sequence[ComparedRun], rows: Sequence[Row], what: str, name: str) -> str:
    lines = [
        wrap(
            "tr",
            element("th", row.name, scope="row")
            + "".join(element("td", cell, class_="number") for cell in row.cells),
        )
        for row in rows
    ]
    heads = (what, *(run.label for run in runs))
    return scrolling(table(heads, lines, class_="groups beside", id=name), what)


def _equity(runs: Sequence[ComparedRun]) -> str:
    days, lines = equity_together(runs)
    if not days:
        return element("p", "No run has any equity.")
    names = [f"run-line run-{at % _KINDS_OF_LINES}" for at in range(len(runs))]
    drawn = curves(
        [Curve(name, line) for name, line in zip(names, lines, strict=True)],
        days=days,
        said=f"Growth of {' and '.join(run.label for run in runs)}",
    )
    pairs = [(name, run.label) for name, run in zip(names, runs, strict=True)]
    return legend(pairs) + wrap("div", drawn, class_="chart")


def _trades(first: ComparedRun, other: ComparedRun) -> str:
    found = trades_that_differ(first, other)
    said = " ".join(trade_sentences(found, first.label, other.label))
    both = f"{first.label} and {other.label}"
    parts = [
        element("h3", both),
        element("p", f"{said[:1].upper()}{said[1:]}", class_="verdict"),
        _list(both, f"Only in {first.label}", found.only_first),
        _list(both, f"Only in {other.label}", found.only_other),
        _list(both, f"In both: {first.label}, then {other.label}", found.changed, is_pair=True),
    ]
    return "".join(parts)


def _list(both: str, heading: str, trades: pl.DataFrame, *, is_pair: bool = False) -> str:
    if not len(trades):
        return ""
    rows = [_row(row, is_pair=is_pair) for row in trades.head(_MOST_TRADES).iter_rows(named=True)]
    said = element("h4", f"{heading} ({len(trades):,})")
    if len(trades) > _MOST_TRADES:
        said += element("p", f"The first {_MOST_TRADES:,} are shown.", class_="hint under")
    heads = ("Session", "Symbol", "Side", "In", *_HEADS.values())
    # The first run stands beside each other one, and no two tables may be called the same.
    called = f"{both}: {heading}"
    return said + scrolling(table(heads, rows, class_="trade-list"), called, "wide tall")


def _row(row: Mapping[str, Any], *, is_pair: bool) -> str:
    cells = element("th", str(row["session"]), scope="row", class_="nowrap")
    cells += element("td", row["symbol"]) + element("td", row["side"])
    cells += element("td", f"{row['entry_time']:%H:%M}")
    for name in COMPARED:
        value = row[name]
        mood = tone(value) if name == "pnl" else ""
        if is_pair and value != (other := row[f"{name}_other"]):
            inside = element("span", _written(value)) + element("span", _written(other))
            cells += wrap("td", inside, class_="number pair")
        else:
            cells += element("td", _written(value), class_=f"number {mood}".strip())
    return wrap("tr", cells)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%H:%M}"
    if isinstance(value, float):
        return number(value, ",.4f")
    return f"{value:,}" if isinstance(value, int) else str(value)
