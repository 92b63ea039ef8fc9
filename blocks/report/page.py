"""The report of a run: one file of HTML that shows everything and loads nothing."""

from __future__ import annotations

from collections.abc import Mapping

from blocks.report.analysis.sections import analysis_sections
from blocks.report.candles import CANDLE_BUDGET
from blocks.report.data import PageData, page_data
from blocks.report.figures import all_figures, headline, verdict
from blocks.report.gate import gate_findings
from blocks.report.groups import all_groups, group_table, r_histogram
from blocks.report.html.document import document
from blocks.report.html.markup import element, items, number, scrolling, table, wrap
from blocks.report.notices import chart_library, notes, simulated_banner
from blocks.report.returns import returns_table
from blocks.report.run import ReportRun
from blocks.report.universe import universe_section
from blocks.report.words import CHART_KEYS, DEFECT_WORDS, assumptions
from trading.counted import counted
from trading.engine.tapes.trade_tape import TradeRow

_ASSETS = "report/assets/"
_STYLES = ("base.css", "report.css", "analysis.css")
_SCRIPTS = ("lightweight-charts.js", "packed.js", "elements.js", "theme.js", "unpack.js",
            "words.js", "chart_frame.js", "equity_chart.js", "candle_chart.js", "stop_path.js",
            "drawings.js", "day.js", "trades.js", "download.js", "page.js")  # fmt: skip
_MOST_SYMBOLS_IN_TITLE = 8


def report_page(run: ReportRun, candle_budget: int = CANDLE_BUDGET) -> bytes:
    """Return the report as HTML, equal for equal runs; candles stay within the budget.

    `candle_budget` counts the characters that candles may take.
    """
    data = page_data(run, candle_budget)
    return document(
        f"{_ASSETS}report.html",
        _sections(run, data),
        data.elements,
        styles=[_ASSETS + name for name in _STYLES],
        scripts=[_ASSETS + name for name in _SCRIPTS],
    )


def _sections(run: ReportRun, data: PageData) -> dict[str, str]:
    summary, plan, groups = run.summary, run.plan, all_groups(run)
    names = ", ".join(plan.symbols[:_MOST_SYMBOLS_IN_TITLE])
    if len(plan.symbols) > _MOST_SYMBOLS_IN_TITLE:
        names += f" and {len(plan.symbols) - _MOST_SYMBOLS_IN_TITLE} more"
    first, last = run.sessions[0].date, run.sessions[-1].date
    title = f"{'SIMULATED: ' if run.is_simulated else ''}{plan.strategy_name} on {names}"
    side_by_side = [group_table(name, groups[name]) for name in list(groups)[1:]]
    by_symbol = group_table("Symbol", groups["Symbol"], whole=True)
    returns = returns_table(run.sessions, summary.session_returns)
    zone = run.zone.key
    return {
        "page_title": element("title", f"{title}, {first} to {last}"),
        "banner": simulated_banner() if run.is_simulated else "",
        "heading": element("h1", f"{plan.strategy_name} on {names}"),
        "subtitle": element(
            "p",
            f"{plan.interval_minutes}-minute bars, {first} to {last},"
            f" {counted(len(run.sessions), 'session')} of {plan.exchange}",
        ),
        "source": element("p", f"Bars: {run.source}", class_="quiet"),
        "zone": element("span", f"{zone} ({_zone_names(run)})"),
        "notes": notes("Read this first", run.notes, "notes"),
        "headline": headline(summary),
        "verdict": element("p", verdict(summary), class_="verdict"),
        "by_symbol": by_symbol,
        "groups": "\n".join(wrap("div", each, class_="panel") for each in side_by_side),
        "histogram": r_histogram(TradeRow(*run.outcome.trades.T).r_multiple),
        "universe": universe_section(run),
        "returns": wrap("section", element("h2", "Returns") + scrolling(returns, "Returns"),
                        id="returns") if returns else "",
        "analysis": analysis_sections(run),
        "figures": all_figures(summary, run.analysis.risk),
        "assumptions": items(assumptions(plan, summary.assumed_closes)),
        "defects": _defects({**run.panel.defects.as_dict(), **run.outcome.gate.as_defects()})
        + gate_findings(run.outcome.gate, run.zone),
        "parameters": _parameters(plan.describe()),
        "left_out": notes("Left out of this page", data.left_out, "left-out"),
        "engine_version": element("span", f"Openbell {run.engine_version}"),
        "chart_keys": CHART_KEYS,
        "chart_library": chart_library(),
    }  # fmt: skip


def _zone_names(run: ReportRun) -> str:
    names = [session.open.astimezone(run.zone).tzname() or "" for session in run.sessions]
    return " and ".join(dict.fromkeys(names))


def _defects(counts: Mapping[str, int]) -> str:
    rows = []
    for name, count in counts.items():
        label, meaning = DEFECT_WORDS.get(name, (name.replace("_", " "), ""))
        cells = element("th", label, scope="row")
        cells += element("td", number(count, ",d"), class_="number", id=f"defect-{name}")
        rows.append(wrap("tr", cells + element("td", meaning)))
    return table(
        ("Rows and bars", "Count", "Meaning"), rows, caption="Defects of the data", class_="facts"
    )


def _parameters(plan: Mapping[str, object]) -> str:
    groups = {name: value for name, value in plan.items() if isinstance(value, dict)}
    groups["run"] = {name: value for name, value in plan.items() if name not in groups}
    return "\n".join(
        wrap("div", table((name.capitalize(), "Value"), _rows(values), class_="facts",
                          caption=f"Parameters: {name}"), class_="panel")
        for name, values in groups.items()
    )  # fmt: skip


def _rows(values: Mapping[str, object]) -> list[str]:
    return [
        wrap("tr", element("th", name, scope="row") + element("td", _shown(value)))
        for name, value in values.items()
    ]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_shown(each) for each in value) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name} {_shown(each)}" for name, each in value.items())
    return f"{value:.15g}" if isinstance(value, float) else str(value)
