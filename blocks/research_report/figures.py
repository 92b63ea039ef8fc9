"""The figures of a set that the page shows: their names, how they are written, what they mean."""

from __future__ import annotations

from typing import NamedTuple

from blocks.report.html.markup import number, percent
from trading.backtest.performance import Json


class Figure(NamedTuple):
    """A figure of summary.json: its label, its digits, whether it is a share or has a sign."""

    name: str
    label: str
    digits: int = 2
    is_share: bool = False
    has_sign: bool = True

    def written(self, value: Json, *, unit: bool = True) -> str:
        """Return a value as people read it, a dash for none; a share's unit is left out at will."""
        known = float(value) if isinstance(value, int | float) else None
        form = f"{'+' if self.has_sign else ''},.{self.digits}f"
        if self.is_share:
            return percent(known, form) if unit else number(_hundredfold(known), form)
        return number(known, form)

    @property
    def heading(self) -> str:
        """Return what stands over a column of it."""
        return f"{self.label}, %" if self.is_share else self.label


FIGURES = (
    Figure("sharpe", "Sharpe ratio"),
    Figure("sortino", "Sortino ratio"),
    Figure("total_return", "Return", is_share=True),
    Figure("total_pnl", "Profit, USD"),
    Figure("annual_return", "Annual return", is_share=True),
    Figure("annual_volatility", "Annual volatility", is_share=True, has_sign=False),
    Figure("max_drawdown", "Maximum drawdown", is_share=True),
    Figure("profit_factor", "Profit factor", has_sign=False),
    Figure("expectancy_r", "Average trade, R", digits=3),
    Figure("win_rate", "Won", digits=1, is_share=True, has_sign=False),
    Figure("trades", "Trades", digits=0, has_sign=False),
    Figure("exposure", "In the market", digits=1, is_share=True, has_sign=False),
    Figure("turnover", "Turnover, x", digits=1, has_sign=False),
    Figure("average_duration_minutes", "Duration, minutes", digits=1, has_sign=False),
)
_BY_NAME = {figure.name: figure for figure in FIGURES}
# Beside the objective, which comes first.
_IN_TABLE = ("total_return", "sharpe", "max_drawdown", "trades", "win_rate", "profit_factor",
             "expectancy_r")  # fmt: skip


def figure_named(name: str) -> Figure:
    """Return how a figure is shown; one that is not known is shown by its name."""
    return _BY_NAME.get(name) or Figure(name, name.replace("_", " "))


def figures_in_table(objective: str) -> tuple[Figure, ...]:
    """Return the columns of the table of sets, the objective first."""
    names = dict.fromkeys((objective, *_IN_TABLE))
    return tuple(figure_named(name) for name in names)


def shown_value(value: object) -> str:
    """Return a parameter's value as it is given to `--set`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list | tuple):
        return "+".join(shown_value(each) for each in value)
    return "none" if value is None else str(value)


def shown_values(values: dict[str, object]) -> str:
    """Return what a set gives to what is swept, in one line."""
    return ", ".join(f"{name} {shown_value(value)}" for name, value in values.items())


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else value * 100
