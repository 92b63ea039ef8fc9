"""How much of the best is left one step away: whether it stands on a plateau or on a peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blocks.report.html.markup import bar, element, items, percent, scrolling, table, wrap
from blocks.research_report.figures import Figure, figure_named, shown_value
from blocks.research_report.ranking import SET_NUMBER, column_of, row_of
from blocks.research_report.sets import Values
from blocks.research_report.sweep_run import SweepPage
from trading.market.bars import Floats

_MOST_NEAREST = 12
_FEWEST_NEAREST = 4
# Of the objective, one step away.
_PLATEAU_WORST, _PLATEAU_MIDDLE, _PEAK_MIDDLE = 0.5, 0.7, 0.5
_FEWEST_VALUES_FOR_AN_END = 3


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A set beside the best: what differs, in words, its worth, and how much of the best's that is.

    `remains` is a fraction, negative where the sign changes.
    """

    set_number: int
    differs: str
    worth: float
    remains: float


def neighbours_section(page: SweepPage, values: Sequence[Values]) -> str:
    """Return the best's neighbours as a table, and what they say, in words."""
    objective = figure_named(page.objective)
    near, is_one_step = neighbours(page, values)
    measure = _measure(page)
    said = [verdict(near, objective, measure, is_one_step=is_one_step), *_ends(page, values)]
    rows = [
        wrap(
            "tr",
            element("th", f"{each.set_number:,}", scope="row", class_="number")
            + element("td", each.differs)
            + element("td", objective.written(each.worth), class_="number")
            + bar(each.remains, 1.0)
            + element("td", percent(each.remains, ",.0f"), class_="number"),
        )
        for each in near
    ]
    heads = ("Set", "Differs in", objective.label, "", "What is left")
    what = "One step away in one parameter" if is_one_step else "The nearest sets that were tried"
    shown = table(heads, rows, class_="groups near", id="neighbours") if rows else ""
    scroll = scrolling(shown, "Neighbours")
    return (
        element("p", said[0], class_="verdict", id="neighbours-verdict")
        + (wrap("ul", items(said[1:]), class_="hint-list") if said[1:] else "")
        + (element("h3", what) + scroll if rows else "")
    )


def neighbours(page: SweepPage, values: Sequence[Values]) -> tuple[list[Neighbour], bool]:
    """Return the sets one step away in one parameter, else the nearest; and which of both.

    A step is to the next lower or higher number that was tried, or to any other word.
    """
    best = row_of(page.results, page.best)
    worth = column_of(page.results, page.objective)
    if not values:
        return [], True
    places = np.array([each.place for each in values])
    differs = places != places[:, [best]]
    found: list[tuple[int, str]] = []
    for at, each in enumerate(values):
        alone = differs[at] & (differs.sum(axis=0) == 1)
        for row in np.flatnonzero(alone):
            if not each.is_number or abs(int(each.place[row] - each.place[best])) == 1:
                found.append((int(row), _difference(each, best, int(row))))
    if found:
        return [_neighbour(page, worth, best, *each) for each in found], True
    nearest = _nearest(values, best)
    words = {
        row: "; ".join(
            _difference(each, best, row)
            for each in values
            if each.place[row] != each.place[best]
        )
        for row in nearest
    }  # fmt: skip
    return [_neighbour(page, worth, best, row, words[row]) for row in nearest], False


def verdict(near: Sequence[Neighbour], figure: Figure, measure: str, *, is_one_step: bool) -> str:
    """Return whether the best stands on a plateau or on a peak, in a sentence."""
    known = [each for each in near if np.isfinite(each.remains)]
    if len(known) < 2:
        return (
            "Whether the best stands on a plateau or on a peak cannot be said: too few sets beside"
            " it were tried."
        )
    where = "one step away" if is_one_step else "in the nearest sets"
    worst = min(known, key=lambda each: each.remains)
    middle = float(np.median([each.remains for each in known]))
    left = f"{percent(worst.remains, ',.0f')} of {measure} is left where {worst.differs}"
    usual = f"{percent(middle, ',.0f')} is usual"
    if worst.remains >= _PLATEAU_WORST and middle >= _PLATEAU_MIDDLE:
        return f"A plateau: {where} at least {left}, and {usual}."
    if middle < _PEAK_MIDDLE:
        return f"A peak: {where} {usual}, and {left}. What stands so alone is seldom found again."
    return f"A slope: {where} {usual}, but {left}."


def _measure(page: SweepPage) -> str:
    worth = column_of(page.results, page.objective)
    label = figure_named(page.objective).label
    if worth[row_of(page.results, page.best)] > 0:
        return f"the best's {label}"
    return f"its lead in {label} over the median set"


def _neighbour(page: SweepPage, worth: Floats, best: int, row: int, differs: str) -> Neighbour:
    if not np.isfinite(worth[best]):
        # Of what has no end, as gains without a loss, nothing is a share.
        remains = float("nan")
    elif worth[best] > 0:
        remains = float(worth[row] / worth[best])
    else:
        # What is below zero has no share: of a fall the lead over the median set is measured.
        middle = float(np.nanmedian(worth))
        lead = float(worth[best]) - middle
        remains = (float(worth[row]) - middle) / lead if lead > 0 else float("nan")
    number_of_set = int(page.results[SET_NUMBER][row])
    return Neighbour(number_of_set, differs, float(worth[row]), remains)


def _nearest(values: Sequence[Values], best: int) -> list[int]:
    """Return the rows nearest to the best, each parameter over the span that was tried."""
    distance = np.zeros(len(values[0].place))
    for each in values:
        if not each.is_number or len(each.values) < 2:
            distance += each.place != each.place[best]
            continue
        numbers = np.array([np.nan if value is None else value for value in each.values], float)
        span = np.nanmax(numbers) - np.nanmin(numbers)
        apart = np.abs(numbers - numbers[each.place[best]])[each.place] / span
        distance += np.nan_to_num(apart, nan=1.0)
    order = [int(row) for row in np.argsort(distance, kind="stable") if row != best]
    return order[: min(_MOST_NEAREST, max(_FEWEST_NEAREST, 2 * len(values)))]


def _difference(each: Values, best: int, row: int) -> str:
    here, there = (each.values[int(each.place[at])] for at in (best, row))
    return f"{each.name} is {shown_value(there)} instead of {shown_value(here)}"


def _ends(page: SweepPage, values: Sequence[Values]) -> list[str]:
    """Return a sentence for each parameter whose best value is the last that was tried."""
    best = row_of(page.results, page.best)
    said = []
    for each in values:
        last = len(each.values) - 1
        place = int(each.place[best])
        if each.is_number and last + 1 >= _FEWEST_VALUES_FOR_AN_END and place in (0, last):
            end = "lowest" if place == 0 else "highest"
            said.append(
                f"{each.name} {shown_value(each.values[place])} is the {end} that was tried: what"
                " lies beyond is not known."
            )
    return said
