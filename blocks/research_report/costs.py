"""What slippage takes from the best, and at which slippage nothing is left."""

from __future__ import annotations

from collections.abc import Mapping

from blocks.report.html.markup import bar, element, number, scrolling, table, wrap
from blocks.research_report.figures import figure_named
from trading.backtest.performance import Json

_COLUMNS = ("total_return", "sharpe", "max_drawdown", "trades")


def costs_section(
    statistics: Mapping[str, Json], profit_as_run: float, of: str = "the best"
) -> str:
    """Return a row a slippage, and the break-even in words; empty where nothing was measured.

    `profit_as_run` is the run's own, by which its row is known, and `of` what people call it.
    """
    rows = _rows_of(statistics.get("cost_sensitivity"))
    if not rows:
        return ""
    profit = figure_named("total_pnl")
    columns = [figure_named(name) for name in _COLUMNS]
    widest = max((abs(_known(row.get("total_pnl")) or 0.0) for row in rows), default=0.0)
    lines = [
        wrap(
            "tr",
            element("th", _slippage(row, profit_as_run), scope="row")
            + bar(_known(row.get("total_pnl")), widest)
            + element("td", profit.written(row.get("total_pnl")), class_="number")
            + "".join(
                element("td", each.written(row.get(each.name), unit=False), class_="number")
                for each in columns
            ),
        )
        for row in rows
    ]
    heads = ("Slippage a side", "", profit.label, *(each.heading for each in columns))
    shown = table(heads, lines, class_="groups costs", id="cost-rows")
    scroll = scrolling(shown, "Cost sensitivity")
    return wrap(
        "section",
        element("h2", f"What costs leave of {of}")
        + element("p", _words(statistics, rows), class_="verdict", id="costs-verdict")
        + scroll,
        id="costs",
    )


def _words(statistics: Mapping[str, Json], rows: list[Mapping[str, Json]]) -> str:
    known = _known(statistics.get("break_even_bps"))
    if known is not None:
        return (
            f"Nothing is left at a slippage of {number(known, ',.2f')} basis points a side"
            f" ({number(known / 100, ',.4f')} % of the price)."
        )
    earns = [(_known(row.get("total_pnl")) or 0.0) > 0 for row in rows]
    if not any(earns):
        return "It earns nothing at any of these costs, so there is no break-even."
    return "At which cost nothing is left is not known; see the notes on the statistics above."


def _slippage(row: Mapping[str, Json], profit_as_run: float) -> str:
    said = f"{number(_known(row.get('slippage_bps')), ',g')} bps"
    return f"{said}, as it ran" if _known(row.get("total_pnl")) == profit_as_run else said


def _rows_of(value: Json) -> list[Mapping[str, Json]]:
    if not isinstance(value, list | tuple):
        return []
    return [row for row in value if isinstance(row, dict)]


def _known(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) else None
