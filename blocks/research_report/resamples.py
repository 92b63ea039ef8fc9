"""What else the best's trades and days could have come to: bands of resamples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from blocks.report.html.markup import element, percent, scrolling, table, wrap
from blocks.research_report.bands import band, legend
from blocks.research_report.figures import Figure, figure_named
from trading.backtest.performance import Json

_PERCENTILES = ("p05", "p25", "p50", "p75", "p95")
_HEADS = ("Of 100, 5 are below", "25", "50", "75", "95")
_MARKS = (
    ("whisker", "from the 5th to the 95th of 100 resamples"),
    ("box", "from the 25th to the 75th"),
    ("middle", "the middle one"),
)


class _Kind(NamedTuple):
    name: str
    label: str


_KINDS = (_Kind("trades", "Trades drawn again"), _Kind("days", "Days drawn again"))


def resamples_section(
    statistics: Mapping[str, Json], profit: float, fall: float | None, *, of: str = "the best"
) -> str:
    """Return the bands of profit and drawdown; empty where nothing was drawn again.

    `profit` and `fall` are what they came to in the run itself, which is that `of` something.
    """
    drawn = statistics.get("monte_carlo")
    known = [
        (kind, found)
        for kind in _KINDS
        if isinstance(drawn, dict) and isinstance(found := drawn.get(kind.name), dict)
    ]
    if not known:
        return ""
    shown = [
        _bands(figure_named("total_pnl"), known, "final_profit", profit),
        _bands(figure_named("max_drawdown"), known, "max_drawdown", fall),
    ]
    said = "; ".join(
        f"{kind.label.lower()} lose money in"
        f" {percent(_number(found.get('loss_probability')), ',.0f')} of"
        f" {_number(found.get('resamples')) or 0:,.0f} resamples"
        for kind, found in known
    )
    return wrap(
        "section",
        element("h2", "What chance could have made of it")
        + element("p", f"{said[:1].upper()}{said[1:]}.", class_="verdict", id="resamples-verdict")
        + element("p", f"The trades of {of}, or its days in short runs, are drawn again at random"
                  " and as many as there were. It says how far luck reaches in the same trades, not"
                  " whether they will come again.", class_="hint under")
        + legend((*_MARKS, ("mark", f"what {of} came to")))
        + "".join(shown),
        id="resamples",
    )  # fmt: skip


def _bands(
    figure: Figure,
    known: list[tuple[_Kind, dict[str, Json]]],
    name: str,
    mark: float | None,
) -> str:
    tables = [(kind, _percentiles(found.get(name))) for kind, found in known]
    there = [(kind, values) for kind, values in tables if values]
    if not there:
        return ""
    every = [value for _, values in there for value in values] + ([mark] if mark else [])
    low, high = min(0.0, *every), max(0.0, *every)
    rows = []
    for kind, values in there:
        written = [figure.written(value) for value in values]
        said = f"{figure.label}, {kind.label.lower()}: {written[0]} to {written[-1]}"
        rows.append(
            wrap(
                "tr",
                element("th", kind.label, scope="row")
                + wrap("td", band(low, high, values, mark, said), class_="bands")
                + "".join(element("td", each, class_="number") for each in written),
            )
        )
    shown = table(("What", "How far", *_HEADS), rows, class_="groups spread")
    scroll = scrolling(shown, figure.label)
    return element("h3", figure.label) + scroll


def _percentiles(value: Json) -> list[float]:
    if not isinstance(value, dict):
        return []
    found = [_number(value.get(name)) for name in _PERCENTILES]
    return [each for each in found if each is not None] if None not in found else []


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) else None
