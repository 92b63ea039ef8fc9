"""The table of sets: the best of them in the page as they are, all of them for its script."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import polars as pl

from blocks.report.html.markup import element, table, tone, wrap
from blocks.report.html.packed_numbers import floats_text, packed_text
from blocks.research_report.figures import FIGURES, Figure, figures_in_table, shown_value
from blocks.research_report.ranking import SET_NUMBER, column_of, ranking
from blocks.research_report.sweep_run import SweepPage
from trading.backtest.performance import Json

# Of a page without its script; with it so many at a time.
ROWS_AT_A_TIME = 100


@dataclass(frozen=True, slots=True)
class Values:
    """What the sets give to one parameter: the values in order, and which of them each set has."""

    name: str
    values: tuple[Json, ...]
    place: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def is_number(self) -> bool:
        """Return whether the values are numbers, which have an order and neighbours."""
        return all(isinstance(each, int | float) and not isinstance(each, bool)
                   for each in self.values if each is not None)  # fmt: skip


def values_of(results: pl.DataFrame, name: str) -> Values:
    """Return the values of a parameter over all sets; texts keep the order of their first set."""
    column = results[name]
    if column.dtype.is_float():
        column = column.fill_nan(None)
    found = column.unique(maintain_order=True)
    if column.dtype != pl.String:
        found = found.sort(nulls_last=True)
    values: list[Json] = found.to_list()
    place = {value: index for index, value in enumerate(values)}
    places = np.array([place[each] for each in column.to_list()], dtype=np.int64)
    return Values(name, tuple(values), places)


def sets_table(page: SweepPage) -> str:
    """Return the best sets as a table that a script may sort, filter and page through."""
    figures = figures_in_table(page.objective)
    names = [SET_NUMBER, *page.parameters, *(figure.name for figure in figures)]
    order = ranking(page.results, page.objective)[:ROWS_AT_A_TIME]
    shown = page.results.select(names)[order.tolist()]
    rows = []
    for number_of_set, *cells in shown.iter_rows():
        values, known = cells[: len(page.parameters)], cells[len(page.parameters) :]
        inside = element("th", f"{number_of_set:,}", scope="row", class_="number")
        inside += "".join(
            element("td", shown_value(value), class_=_side_of(value)) for value in values
        )
        inside += "".join(map(_cell, figures, known))
        rows.append(wrap("tr", inside, class_="best" if number_of_set == page.best else ""))
    heads = ("Set", *page.parameters, *(figure.heading for figure in figures))
    return table(heads, rows, class_="sets sortable", id="sets")


def sets_facts(page: SweepPage, values: tuple[Values, ...]) -> dict[str, object]:
    """Return what the page's script has to know of parameters and figures."""
    return {
        "objective": page.objective,
        "best": page.best,
        "rows": len(page.results),
        "atATime": ROWS_AT_A_TIME,
        "parameters": [
            {
                "name": each.name,
                "isNumber": each.is_number,
                "values": [_finite(value) for value in each.values] if each.is_number else [],
                "labels": [shown_value(value) for value in each.values],
            }
            for each in values
        ],
        "figures": [
            {
                "name": figure.name,
                "label": figure.label,
                "heading": figure.heading,
                "digits": figure.digits,
                "isShare": figure.is_share,
                "hasSign": figure.has_sign,
            }
            for figure in _kept(page)
        ],
        "inTable": [figure.name for figure in figures_in_table(page.objective)],
    }


def sets_data(page: SweepPage, values: tuple[Values, ...]) -> dict[str, bytes]:
    """Return the sets' numbers, places of values and figures, each column after the other."""
    places = [each.place for each in values]
    return {
        "sets": packed_text(page.results[SET_NUMBER].to_numpy().astype(np.int64)),
        "places": packed_text(np.concatenate([*places, np.zeros(0, dtype=np.int64)])),
        "figures": floats_text(*(column_of(page.results, each.name) for each in _kept(page))),
    }


def _finite(value: Json) -> Json:
    """Return a number that JSON can hold."""
    if not isinstance(value, float):
        return value
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def _kept(page: SweepPage) -> tuple[Figure, ...]:
    known = {figure.name: figure for figure in (*FIGURES, *figures_in_table(page.objective))}
    return tuple(figure for name, figure in known.items() if name in page.results.columns)


def _cell(figure: Figure, value: Json) -> str:
    mood = tone(float(value)) if figure.has_sign and isinstance(value, int | float) else ""
    written = figure.written(value, unit=False)
    return element("td", written, class_=f"number {mood}".strip())


def _side_of(value: object) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else ""
