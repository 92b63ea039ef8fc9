"""The figures before a date beside those from it on."""

from __future__ import annotations

from collections.abc import Callable

from blocks.report.html.markup import element, number, percent, scrolling, table, tone, wrap
from blocks.report.run import ReportRun
from trading.backtest.performance import Summary

_ROWS: tuple[tuple[str, Callable[[Summary], str]], ...] = (
    ("Sessions", lambda of: f"{of.sessions:,}"),
    ("Profit, USD", lambda of: number(of.total_pnl, "+,.2f")),
    ("Return", lambda of: percent(of.total_return)),
    ("Annual return", lambda of: _yearly(of, percent(of.annual_return))),
    ("Annual volatility", lambda of: _yearly(of, percent(of.annual_volatility, ",.2f"))),
    ("Maximum drawdown", lambda of: percent(of.max_drawdown)),
    ("Sharpe ratio", lambda of: number(of.sharpe)),
    ("Sortino ratio", lambda of: number(of.sortino)),
    ("Trades", lambda of: f"{of.trades:,}"),
    ("Win rate", lambda of: percent(of.win_rate, ".1f")),
    ("Profit factor", lambda of: number(of.profit_factor)),
    ("Average trade, R", lambda of: number(of.expectancy_r, "+.3f")),
    ("its 95 % interval, R", lambda of: _interval(of)),
)


def samples_section(run: ReportRun) -> str:
    """Return both parts side by side, nothing for a run in one part."""
    samples = run.analysis.samples
    if samples is None:
        return ""
    inside, outside = samples.inside, samples.outside
    rows = [
        wrap(
            "tr",
            element("th", name, scope="row")
            + "".join(element("td", written(each), class_="number") for each in (inside, outside)),
        )
        for name, written in _ROWS
    ]
    heads = ("Figure", f"Before {samples.begins}", f"From {samples.begins} on")
    return wrap(
        "section",
        element("h2", "In sample and out of sample")
        + element("p", _words(inside, outside), class_=f"verdict {tone(outside.expectancy_r)}")
        + scrolling(table(heads, rows, class_="groups"), "Both parts"),
        id="samples",
    )


def _words(inside: Summary, outside: Summary) -> str:
    before, after = inside.expectancy_r, outside.expectancy_r
    if before is None or after is None:
        return "One of the two parts has no trade with an R, so they cannot be compared by it."
    said = (
        f"The average trade was {number(before, '+.3f')} R in sample and"
        f" {number(after, '+.3f')} R out of it."
    )
    if before > 0 >= after:
        return f"{said} What it earned before the date it did not earn after it."
    if before > 0 and after < before / 2:
        return f"{said} Less than half is left of what it earned before the date."
    return f"{said} Only the second part is evidence, and only while nothing is chosen by it."


def _yearly(of: Summary, written: str) -> str:
    return written if of.is_told_by_year else number(None)


def _interval(of: Summary) -> str:
    low, high = of.expectancy_r_low, of.expectancy_r_high
    if low is None:
        return number(None)
    return f"{number(low, '+.3f')} to {number(high, '+.3f')}"
