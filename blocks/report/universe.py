"""The day's universe in a report: what each session's selection judged, and by what."""

from __future__ import annotations

import numpy as np

from blocks.report.html.markup import element, scrolling, table, wrap
from blocks.report.run import ReportRun
from trading.market.bars import Floats, Integers
from trading.reasons import NOT_ELIGIBLE, NOT_SELECTED

MOST_SESSIONS = 60
MOST_NAMES = 20


def universe_columns(run: ReportRun, days: Integers) -> tuple[Floats, ...]:
    """Return what was judged of days, (session, symbol) a row; none where nothing is selected.

    The columns are in the order in which the page's scripts read them, a value a packed day.
    """
    universe = run.outcome.universe
    if universe is None:
        return ()
    at = days[:, 0], days[:, 1]
    values = (
        universe.reason,
        universe.rank,
        universe.price,
        universe.daily_atr,
        universe.daily_volume,
        universe.relative_opening_volume,
    )
    return tuple(column[at].astype(np.float64) for column in values)


def universe_section(run: ReportRun) -> str:
    """Return a table of the newest sessions' universes, nothing where nothing is selected."""
    universe = run.outcome.universe
    if universe is None:
        return ""
    rows = []
    for number in range(len(run.sessions))[: -MOST_SESSIONS - 1 : -1]:
        at = run.outcome.first_traded + number
        reason, rank = universe.reason[at], universe.rank[at]
        cells = element("th", run.sessions[number].date.isoformat(), scope="row")
        for count in (reason == NOT_ELIGIBLE, reason == NOT_SELECTED, reason == 0):
            cells += element("td", f"{np.count_nonzero(count):,}", class_="number")
        chosen = [s for s in np.argsort(rank, kind="stable") if rank[s] and not reason[s]]
        names = [
            f"{run.plan.symbols[s]} {universe.relative_opening_volume[at, s]:.2f}"
            for s in chosen[:MOST_NAMES]
        ]
        more = len(chosen) - len(names)
        cells += element("td", ", ".join(names) + (f" and {more:,} more" if more > 0 else ""))
        rows.append(wrap("tr", cells))
    heads = ("Session", "Not eligible", "Not selected", "May trade", "By rank, with the volume")
    left_out = len(run.sessions) - MOST_SESSIONS
    hint = (
        "Judged once, at the close of the opening: the thresholds, then the highest relative"
        " opening volume. Symbols still decide in the configured order."
    )
    if left_out > 0:
        hint += f" The newest {MOST_SESSIONS} sessions; universe.parquet has all."
    return wrap(
        "section",
        element("h2", "The day's universe")
        + element("p", hint, class_="hint")
        + scrolling(table(heads, rows, caption="Universe by session"), "Universe"),
        id="universe",
    )
