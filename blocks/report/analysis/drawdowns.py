"""The deepest falls of the account, and Sharpe and volatility as they changed."""

from __future__ import annotations

from blocks.report.analysis.pictures import Line, lines_picture
from blocks.report.html.markup import element, number, percent, scrolling, table, wrap
from blocks.report.run import ReportRun
from trading.analysis.drawdowns import Drawdown, Drawdowns
from trading.analysis.rolling import A_MONTH
from trading.counted import counted


def drawdowns_section(run: ReportRun) -> str:
    """Return a table of the deepest falls, the deepest first."""
    found = run.analysis.drawdowns
    inside = element("p", _words(found), class_="verdict")
    if found.deepest:
        heads = ("Depth", "Loss, USD", "From the high of", "Lowest on", "Recovered on",
                 "Sessions down", "Sessions up")  # fmt: skip
        rows = [_row(each) for each in found.deepest]
        inside += scrolling(table(heads, rows, class_="groups"), "Drawdowns")
    return wrap("section", element("h2", "Drawdowns") + inside, id="drawdowns")


def rolling_section(run: ReportRun) -> str:
    """Return Sharpe and volatility of the sessions just behind, as two pictures."""
    rolling = run.analysis.rolling
    if rolling is None:
        said = f"A run of under {2 * A_MONTH} sessions has no rolling figures."
        return wrap("section", element("h2", "How steady it was")
                    + element("p", said, class_="hint"), id="rolling")  # fmt: skip
    ends = (str(rolling.dates[0]), str(rolling.dates[-1]))
    behind = f"of the {rolling.window} sessions behind each day"
    pictures = (
        lines_picture((Line("Sharpe ratio", "own", rolling.sharpe),),
                      f"Sharpe ratio {behind}", ends, ",.2f"),
        lines_picture((Line("annual volatility", "other", rolling.volatility * 100),),
                      f"Annual volatility {behind}, in percent", ends, ",.2f", " %"),
    )  # fmt: skip
    said = (
        f"Sharpe ratio and volatility a year, {behind}. A result that one stretch of days made"
        " alone shows here as a line that is high once."
    )
    return wrap(
        "section",
        element("h2", "How steady it was")
        + element("p", said, class_="hint")
        + wrap("div", "".join(wrap("div", each, class_="panel") for each in pictures if each),
               class_="two"),
        id="rolling",
    )  # fmt: skip


def _words(found: Drawdowns) -> str:
    if not found.deepest:
        return "The account never stood below its highest value at a bar's close."
    deepest = found.deepest[0]
    way_back = (
        "and has not come back"
        if deepest.recovery is None
        else f"and was back {counted(deepest.sessions_up, 'session')} later"
    )
    return (
        f"The deepest fall took {percent(abs(deepest.depth), ',.2f')}, {number(deepest.loss)} USD,"
        f" in {counted(deepest.sessions_down, 'session')}, {way_back}. At"
        f" {percent(found.under_water, ',.1f')} of all bars the account stood below its highest"
        f" value; falls are counted bar by bar, {found.count:,} in all."
    )


def _row(fall: Drawdown) -> str:
    up = f"{fall.sessions_up:,}" + ("" if fall.recovery else " so far")
    cells = (
        (number(fall.loss), "number"),
        (str(fall.peak or "the start"), "number"),
        (str(fall.trough), "number"),
        (str(fall.recovery or "not yet"), "number"),
        (f"{fall.sessions_down:,}", "number"),
        (up, "number"),
    )
    return wrap(
        "tr",
        element("th", percent(fall.depth), scope="row", class_="depth bad")
        + "".join(element("td", text, class_=kind) for text, kind in cells),
    )
