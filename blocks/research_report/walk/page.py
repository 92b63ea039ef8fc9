"""The page of a walk-forward test: what was left of the choices, the curve, and the windows."""

from __future__ import annotations

import numpy as np

from blocks.report.figures import headline, verdict
from blocks.report.html.document import document
from blocks.report.html.markup import NOTHING, element, items, number, percent, table, wrap
from blocks.report.notices import notes, simulated_banner
from blocks.research_report.bands import legend
from blocks.research_report.costs import costs_section
from blocks.research_report.curves import Curve, curves
from blocks.research_report.figures import shown_value
from blocks.research_report.luck import as_sentence
from blocks.research_report.resamples import resamples_section
from blocks.research_report.walk.run import WalkPage
from blocks.research_report.walk.windows import choices_table, windows_table
from trading.counted import counted
from trading.market.bars import Floats
from trading.walk_forward.verdict import LEAST_EFFICIENCY
from trading.walk_forward.walk import WindowRun

_STYLES = (
    "report/assets/base.css",
    *(f"research_report/assets/{name}.css" for name in ("research", "walk")),
)
_SCRIPTS = ("report/assets/elements.js", "report/assets/theme.js")
_MARKS = (
    ("best-line", "what was traded"),
    ("median-line", "what the in-sample rates would have made of the same sessions"),
)


def walk_page(page: WalkPage) -> str:
    """Return the walk as HTML, equal for equal walks; what is left stands before any figure."""
    template = "research_report/assets/walk.html"
    return document(template, _sections(page), {}, styles=_STYLES, scripts=_SCRIPTS).decode()


def _sections(page: WalkPage) -> dict[str, str]:
    walk = page.walk
    sessions, summary = walk.joined.grid.sessions, walk.summary
    first, last = sessions[0].date, sessions[-1].date
    title = f"{'SIMULATED: ' if page.is_simulated else ''}{page.title}"
    kind = "anchored" if walk.lengths.is_anchored else "rolling"
    resamples = resamples_section(
        page.statistics, summary.total_pnl, summary.max_drawdown, of="the walk"
    )
    costs = costs_section(page.statistics, summary.total_pnl, of="the walk")
    return {
        "page_title": element("title", f"{title}, {first} to {last}"),
        "banner": simulated_banner() if page.is_simulated else "",
        "heading": element("h1", page.title),
        "subtitle": element(
            "p",
            f"{counted(len(walk.windows), f'{kind} window')},"
            f" {counted(page.sets, 'set')} by {walk.objective},"
            f" traded {first} to {last}, {counted(len(sessions), 'session')}",
        ),
        "source": element("p", f"Bars: {page.source}", class_="quiet"),
        "notes": notes("Read this first", page.notes, "notes"),
        "left": _left(page),
        "headline": headline(summary),
        "verdict": element("p", verdict(summary), class_="verdict"),
        "curve": _curve(page),
        "windows": windows_table(page),
        "choices": choices_table(page) or element("p", "No window chose anything."),
        "resamples": resamples,
        "costs": costs,
        "links": (element("a", "Chance", href="#resamples") if resamples else "")
        + (element("a", "Costs", href="#costs") if costs else ""),
        "method": wrap("ol", items(_method(page)), class_="assumptions"),
        "fixed": _facts({name: shown_value(value) for name, value in page.fixed.items()}),
        "engine_version": element("span", f"Openbell {page.engine}"),
    }


def _left(page: WalkPage) -> str:
    """Return the sentence, and a card for each statistic with what it means."""
    walk, sessions = page.walk, len(page.walk.joined.grid.sessions)
    said = page.statistics
    p, needed = _known(said.get("luck_p")), _known(said.get("min_track_record_sessions"))
    efficiency = walk.efficiency
    enough = efficiency is not None and efficiency >= LEAST_EFFICIENCY
    choices, changed = (int(_known(said.get(name)) or 0) for name in ("choices", "changes"))
    cards = [
        ("efficiency", "Efficiency", percent(efficiency, ",.0f"),
         "of the rate at which the choices had earned in-sample was left out-of-sample; under"
         f" {percent(LEAST_EFFICIENCY, ',.0f')} is not robust (Pardo)",
         "" if efficiency is None else "good" if enough else "bad"),
        ("luck_p", "Luck alone, p", number(p, ".3f"),
         "how often returns without any skill do as well (SPA of one set); needs less than 0.05",
         "" if p is None else "good" if p < 0.05 else "bad"),
        ("min_track_record_sessions", "Minimum track record",
         NOTHING if needed is None else f"{needed:,.0f} sessions",
         f"until a Sharpe ratio like this is shown to be above 0; there are {sessions:,}",
         "" if needed is None else "good" if needed <= sessions else "bad"),
        ("trials", "Tries", number(_known(said.get("trials")), ",.0f"),
         "sets that were run in all windows; what was traded is one", ""),
        ("changes", "Choices that changed",
         f"{changed:,} of {max(0, choices - 1):,}",
         "from one window to the next; few changes speak for an edge that stays", ""),
    ]  # fmt: skip
    listed = said.get("notes")
    why = [str(note) for note in listed] if isinstance(listed, list | tuple) else []
    sentence = as_sentence(str(said.get("sentence") or ""))
    return (
        element("p", sentence, class_="sentence", id="sentence")
        + wrap("div", "\n".join(_card(*card) for card in cards), class_="cards")
        + (wrap("ul", items(why), class_="hint-list") if why else "")
    )


def _card(name: str, label: str, figure: str, meaning: str, mood: str) -> str:
    return wrap(
        "div",
        element("span", label, class_="label")
        + element("strong", figure, class_=mood, id=f"statistic-{name}")
        + element("span", meaning, class_="what"),
        class_="card",
    )


def _curve(page: WalkPage) -> str:
    walk = page.walk
    traded = _grown(np.array(walk.summary.session_returns))
    rates = [_rate(run) for run in walk.windows for _ in run.out_of_sample]
    expected = _grown(np.array(rates))
    said = (
        f"Growth of what was traded, at the end {percent(float(traded[-1]))}, beside"
        f" {percent(float(expected[-1]))} at the in-sample rates"
    )
    days = [session.date for session in walk.joined.grid.sessions]
    lines = [Curve("best-line", traded), Curve("median-line", expected)]
    return legend(_MARKS) + wrap("div", curves(lines, days=days, said=said), class_="chart")


def _rate(run: WindowRun) -> float:
    return 0.0 if run.returns is None else float(np.mean(run.returns[0]))


def _grown(returns: Floats) -> Floats:
    """Return the growth after each session; an account below zero has none from there on."""
    grown: Floats = np.nan_to_num(returns) + 1.0
    return grown.cumprod() - 1.0


def _method(page: WalkPage) -> list[str]:
    lengths = page.walk.lengths
    seen = "all sessions before it" if lengths.is_anchored else "the sessions before it"
    purge = (
        f"The {lengths.purged:,} sessions between are in neither part: so far back do the"
        " indicators of any set look, and a choice shares none of their values with what is traded."
        if lengths.purged
        else "No session is left out between the two parts: no set has an indicator that looks"
        " back, or --purge 0 was given."
    )
    return [
        f"Each window runs {page.sets:,} sets on {seen} ({lengths.in_sample:,} or more), and"
        f" takes the best by {page.walk.objective}; of equal ones the lower number, never one"
        " without a trade.",
        purge,
        f"Its choice is then traded on {lengths.out_of_sample:,} sessions that it has not seen,"
        " warmed by all bars before them, with the capital that the last window left.",
        "Efficiency divides what was earned out-of-sample by what the in-sample mean return a"
        " session would have earned in as many sessions.",
        "A walk is one try. Another grid, objective or length is one more, which nobody counts"
        " but you.",
    ]


def _facts(named: dict[str, str]) -> str:
    if not named:
        return ""
    rows = [
        wrap("tr", element("th", name, scope="row") + element("td", value))
        for name, value in named.items()
    ]
    inside = element("h2", "What all sets have in common")
    return wrap("section", inside + table(("Setting", "Value"), rows, class_="facts"), id="fixed")


def _known(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
