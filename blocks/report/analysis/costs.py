"""What the trades earned before costs, what costs took, and how much they could bear."""

from __future__ import annotations

from datetime import datetime

from blocks.report.html.markup import element, number, percent, scrolling, table, tone, wrap
from blocks.report.run import ReportRun
from trading.analysis.costs import Costs
from trading.analysis.trade_fills import table_order
from trading.backtest.performance import trade_columns
from trading.market.calendar import from_microseconds

_LEGS = {
    "entry": "entries",
    "stop": "stops",
    "target": "targets, which do not slip",
    "exit": "exits at an open",
    "assumed_close": "assumed closes",
    "newest_price": "exits at the newest price",
}


def costs_section(run: ReportRun) -> str:
    """Return gross against net, by kind of fill, and the trades that cost most."""
    costs = run.analysis.costs
    if costs is None or not len(run.outcome.trades):
        return ""
    hint = (
        "The same trades, of the same shares, at the prices that were offered: the open, the stop"
        " or the level before slippage. A run without costs would size its trades anew."
    )
    return wrap(
        "section",
        element("h2", "What it cost")
        + element("p", _words(costs), class_="verdict")
        + element("p", hint, class_="hint below")
        + wrap(
            "div",
            wrap("div", _by_leg(costs), class_="panel")
            + wrap("div", _dearest(run, costs), class_="panel"),
            class_="two",
        ),
        id="costs",
    )


def _words(costs: Costs) -> str:
    said = (
        f"Before costs these trades made {number(costs.gross_profit, '+,.2f')} USD. Slippage took"
        f" {number(costs.slippage)} and fees {number(costs.fees)}, which leaves"
        f" {number(costs.net_profit, '+,.2f')} USD."
    )
    if costs.break_even_slippage_bps is None:
        return f"{said} No slippage is low enough for them to earn: even at none they do not."
    paid = number(costs.slippage_bps)
    return (
        f"{said} They earn nothing at {number(costs.break_even_slippage_bps)} basis points of"
        f" slippage a side (break-even), and paid {paid}."
    )


def _by_leg(costs: Costs) -> str:
    rows = [
        _row(_LEGS.get(each.leg, each.leg), f"{each.fills:,}", number(each.slippage),
             number(each.fees))
        for each in costs.by_leg
    ]  # fmt: skip
    rows.append(
        _row("all", f"{sum(each.fills for each in costs.by_leg):,}", number(costs.slippage),
             number(costs.fees))
    )  # fmt: skip
    share = "" if costs.cost_share is None else (
        f"Costs are {percent(costs.cost_share, ',.0f')} of what was made before them."
    )  # fmt: skip
    return (
        element("h3", "By kind of fill")
        + table(("Fills", "Number", "Slippage, USD", "Fees, USD"), rows, class_="groups")
        + (element("p", share, class_="hint below") if share else "")
    )


def _dearest(run: ReportRun, costs: Costs) -> str:
    trades = trade_columns(run.outcome)
    order = table_order(trades)
    rows = []
    for each in costs.dearest:
        at = order[each.row]
        symbol = run.plan.symbols[int(trades.symbol[at])]
        profit = number(each.net_profit, "+,.2f")
        rows.append(
            wrap(
                "tr",
                element("th", f"{symbol}, {local_time(run, trades.entry_us[at])}", scope="row")
                + element("td", number(each.slippage), class_="number")
                + element("td", number(each.fees), class_="number")
                + element("td", profit, class_=f"number {tone(each.net_profit)}".strip()),
            )
        )
    heads = ("Trade, by its entry", "Slippage, USD", "Fees, USD", "Profit, USD")
    inside = table(heads, rows, class_="groups")
    return element("h3", "The dearest trades") + scrolling(inside, "The dearest trades", "")


def local_time(run: ReportRun, us: float) -> str:
    """Return when a bar began, on the exchange's clock."""
    moment: datetime = from_microseconds(int(us)).astimezone(run.zone)
    return f"{moment:%Y-%m-%d %H:%M}"


def _row(name: str, *values: str) -> str:
    cells = "".join(element("td", value, class_="number") for value in values)
    return wrap("tr", element("th", name, scope="row") + cells)
