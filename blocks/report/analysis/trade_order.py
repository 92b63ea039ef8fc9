"""What the same trades could have come to in another order."""

from __future__ import annotations

import numpy as np

from blocks.report.analysis.pictures import Band, Line, lines_picture
from blocks.report.html.markup import element, percent, scrolling, table, wrap
from blocks.report.run import ReportRun
from trading.analysis.trade_order import BANDS, FEWEST_TRADES, TradeOrder


def trade_order_section(run: ReportRun) -> str:
    """Return the bands of shuffled trades, and the drawdowns and streaks they came to."""
    found = run.analysis.trade_order
    heading = element("h2", "The same trades in another order")
    if found is None:
        said = f"Trades are not shuffled: that needs {FEWEST_TRADES}."
        return wrap("section", heading + element("p", said, class_="hint"), id="trade-order")
    inside = (
        element("p", _words(found), class_="verdict")
        + _picture(found)
        + scrolling(_table(found), "Shuffled trades")
    )
    return wrap("section", heading + inside, id="trade-order")


def _words(found: TradeOrder) -> str:
    usual, bad = (abs(found.max_drawdown[number]) for number in (2, -1))
    return (
        f"Of {found.shuffles:,} shuffles of these trades (seed {found.seed}) half fell by more than"
        f" {percent(usual, ',.2f')} on the way to the same profit, and one in twenty by more than"
        f" {percent(bad, ',.2f')}. In the order in which they came they fell by"
        f" {percent(abs(found.own_drawdown), ',.2f')}: {percent(found.deeper_share, ',.0f')} of"
        " the shuffles fell deeper. Be ready for the deep ones: luck gave the order."
    )


def _picture(found: TradeOrder) -> str:
    begin = np.zeros(1)
    low, lower, middle, upper, high = (
        np.concatenate((begin, np.array(band))) for band in found.bands
    )
    actual = np.concatenate((begin, np.array(found.actual)))
    return lines_picture(
        (
            Band("nine in ten shuffles", "outer", low, high),
            Band("half of them", "inner", lower, upper),
            Line("the middle", "other", middle),
            Line("as it came", "own", actual),
        ),
        f"Profit after each trade of {found.shuffles:,} shuffles and as it came, in USD",
        ("the first trade", f"trade {found.after[-1]:,}"),
        "+,.0f",
        " USD",
    )


def _table(found: TradeOrder) -> str:
    worse = [f"{100 - band} % are worse" for band in reversed(BANDS)]
    rows = [
        wrap(
            "tr",
            element("th", "Maximum drawdown, by trade", scope="row")
            + "".join(
                element("td", percent(each), class_="number")
                for each in reversed(found.max_drawdown)
            ),
        ),
        wrap(
            "tr",
            element("th", "Losses in a row, at most", scope="row")
            + "".join(
                element("td", f"{each:,}", class_="number")
                for each in reversed(found.losing_streak)
            ),
        ),
    ]
    return table(("Of the shuffles", *worse), rows, class_="groups")
