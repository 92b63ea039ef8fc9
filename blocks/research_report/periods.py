"""How steady the best was: its returns by year, and the median set's beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from blocks.report.html.markup import (
    NOTHING,
    bar,
    element,
    number,
    percent,
    scrolling,
    table,
    tone,
    wrap,
)
from blocks.research_report.bands import legend
from blocks.research_report.curves import Curve, curves
from blocks.research_report.ranking import ranking, row_of
from blocks.research_report.sweep_run import SweepPage
from trading.market.bars import Floats, Integers

RETURNS = "session_returns"
# Shorter runs are told by quarters, and shorter ones still by months.
_DAYS_FOR_YEARS, _DAYS_FOR_QUARTERS = 730, 270
_MOST_POINTS = 240
_SETS_AT_A_TIME = 500
_BAND = (0.1, 0.9)


@dataclass(frozen=True, slots=True)
class Periods:
    """Periods of the calendar: what one is called, their names, and their first sessions."""

    word: str
    names: tuple[str, ...]
    begins: Integers


def periods_of(sessions: Sequence[date]) -> Periods:
    """Return the years of the sessions; quarters or months where they are less than two years."""
    days = (sessions[-1] - sessions[0]).days
    if days >= _DAYS_FOR_YEARS:
        word, named = "year", [str(day.year) for day in sessions]
    elif days >= _DAYS_FOR_QUARTERS:
        word, named = "quarter", [f"{day.year} Q{(day.month + 2) // 3}" for day in sessions]
    else:
        word, named = "month", [f"{day:%Y-%m}" for day in sessions]
    names = tuple(dict.fromkeys(named))
    return Periods(word, names, np.array([named.index(name) for name in names], dtype=np.int64))


def returns_between(results: pl.DataFrame, begins: Integers, sessions: int) -> Floats:
    """Return what each set made from each beginning to the next: (sets, beginnings), fractions.

    A set that did not trade these sessions has NaN.
    """
    made = np.full((len(results), len(begins)), np.nan)
    fits = results[RETURNS].list.len().to_numpy() == sessions
    for first in range(0, len(results), _SETS_AT_A_TIME):
        rows = np.flatnonzero(fits[first : first + _SETS_AT_A_TIME]) + first
        if len(rows):
            daily = results[RETURNS][rows.tolist()].explode().to_numpy().reshape(len(rows), -1)
            made[rows] = np.multiply.reduceat(1 + daily, begins, axis=1) - 1
    return made


def median_row(page: SweepPage) -> int:
    """Return the row of the median set: the lower of two in the middle of the objective's order."""
    order = ranking(page.results, page.objective)
    return int(order[len(order) // 2])


def periods_section(page: SweepPage) -> str:
    """Return the best's and the median set's returns by period, and their growth as a picture."""
    periods = periods_of(page.sessions)
    made = returns_between(page.results, periods.begins, len(page.sessions))
    best, middle = row_of(page.results, page.best), median_row(page)
    counts = np.diff(np.append(periods.begins, len(page.sessions)))
    known = made[~np.isnan(made).any(axis=1)]
    widest = float(np.nanmax(np.abs(made[[best, middle]]), initial=0.0))
    rows = []
    for at, name in enumerate(periods.names):
        own, others = float(made[best, at]), known[:, at]
        rows.append(
            wrap(
                "tr",
                element("th", name, scope="row")
                + element("td", f"{counts[at]:,}", class_="number")
                + bar(own, widest)
                + _share(own)
                + _share(float(made[middle, at]))
                + element("td", _between(others), class_="number")
                + element("td", percent(_mean(others > 0), ",.0f"), class_="number"),
            )
        )
    heads = (periods.word.capitalize(), "Sessions", "", "Best", "Median set",
             "Eight sets of ten", "Sets that earned")  # fmt: skip
    shown = table(heads, rows, class_="groups", id="periods-rows")
    scroll = scrolling(shown, "Returns by period")
    return (
        element("p", _words(periods, made[best], made[middle]), class_="verdict",
                id="periods-verdict")
        + _picture(page, best, middle)
        + scroll
    )  # fmt: skip


def _words(periods: Periods, best: Floats, middle: Floats) -> str:
    count = len(periods.names)
    many = periods.word if count == 1 else f"{periods.word}s"
    said = (
        f"The best earned in {int((best > 0).sum())} of {count} {many}, the median set in"
        f" {int((middle > 0).sum())}."
    )
    gains = best[best > 0]
    if count > 1 and len(gains) > 1 and np.isfinite(gains).all():
        at = int(np.argmax(best))
        said += (
            f" Its best {periods.word}, {periods.names[at]}, is"
            f" {percent(float(best[at] / gains.sum()), ',.0f')} of all that the good ones brought."
        )
    return said


def _picture(page: SweepPage, best: int, middle: int) -> str:
    sessions = len(page.sessions)
    begins = np.unique(np.linspace(0, sessions, _MOST_POINTS, endpoint=False).astype(np.int64))
    made = np.cumprod(1 + returns_between(page.results, begins, sessions), axis=1)
    known = made[~np.isnan(made).any(axis=1)]
    if not len(known) or len(begins) < 2 or not np.isfinite(made[[best, middle]]).all():
        return ""
    start = np.ones((len(made), 1))
    growth = np.hstack((start, made)) - 1
    low, high = np.quantile(np.hstack((start[: len(known)], known)) - 1, _BAND, axis=0)
    ends = [*(page.sessions[at] for at in begins[1:]), page.sessions[-1]]
    drawn = curves(
        [
            Curve("best-line", growth[best]),
            Curve("median-line", growth[middle]),
        ],
        band=(low, high),
        days=[page.sessions[0], *ends],
        said="Growth of the best and of the median set, and where eight sets of ten lie",
    )
    return legend(
        [
            ("best-line", "the best"),
            ("median-line", "the median set"),
            ("eight", "eight sets of ten at each moment"),
        ]
    ) + wrap("div", drawn, class_="chart")


def _share(value: float) -> str:
    return element("td", percent(value), class_=f"number {tone(value)}".strip())


def _between(values: Floats) -> str:
    if not len(values):
        return NOTHING
    low, high = (float(each) for each in np.quantile(values, _BAND))
    return f"{number(low * 100, '+,.1f')} to {percent(high, '+,.1f')}"


def _mean(flags: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float | None:
    return float(flags.mean()) if len(flags) else None
