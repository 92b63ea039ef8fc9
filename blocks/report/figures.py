"""The report's figures: the few that matter first, then all of them."""

from __future__ import annotations

from blocks.report.html.markup import NOTHING, element, number, percent, table, tone, wrap
from trading.analysis.risk_figures import FEWEST_TRADES_FOR_SQN, RiskFigures
from trading.backtest.performance import SideFigures, Summary
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS
from trading.counted import counted

_TOO_FEW = f"not reported under {FEWEST_SESSIONS_FOR_RATIOS} sessions"


def headline(summary: Summary) -> str:
    """Return the cards at the top: a label, a figure, and a sentence about it."""
    wins = summary.long.wins + summary.short.wins
    few = "no day's return differs from another's" if summary.is_told_by_year else _TOO_FEW
    year = (
        f"{percent(summary.annual_return)} a year"
        if summary.is_told_by_year
        else f"a year's figure needs {FEWEST_SESSIONS_FOR_RATIOS}"
    )
    cards = [
        (
            "Profit",
            f"{number(summary.total_pnl, '+,.2f')} USD",
            f"{number(summary.initial_equity)} became {number(summary.final_equity)} USD",
            tone(summary.total_pnl),
        ),
        (
            "Return",
            percent(summary.total_return),
            f"over {counted(summary.sessions, 'session')}; {year}",
            tone(summary.total_return),
        ),
        (
            "Maximum drawdown",
            percent(summary.max_drawdown),
            "deepest fall from an earlier high",
            tone(summary.max_drawdown),
        ),
        (
            "Trades",
            f"{summary.trades:,}",
            f"{wins:,} earned money: {percent(summary.win_rate, '.1f')}",
            "",
        ),
        (
            "Average trade",
            _of(summary.expectancy_r, "+.3f", "R"),
            _sureness(summary),
            tone(summary.expectancy_r),
        ),
        (
            "Profit factor",
            number(summary.profit_factor),
            "USD gained for each USD lost",
            tone(None if summary.profit_factor is None else summary.profit_factor - 1),
        ),
        (
            "Sharpe ratio",
            number(summary.sharpe),
            few if summary.sharpe is None else "a year, from daily returns",
            tone(summary.sharpe),
        ),
        (
            "In the market",
            percent(summary.exposure, ".1f"),
            "of all bars hold a position",
            "",
        ),
    ]
    return "\n".join(
        wrap(
            "div",
            element("span", label, class_="label")
            + element("strong", figure, class_=mood)
            + element("span", sentence, class_="what"),
            class_="card",
        )
        for label, figure, sentence, mood in cards
    )


def verdict(summary: Summary) -> str:
    """Return what the interval of the average trade allows to say."""
    low, high = summary.expectancy_r_low, summary.expectancy_r_high
    if low is None or high is None:
        return "There are too few trades to say anything about the average trade."
    between = (
        f"The average trade lies between {number(low, '+.3f')} and {number(high, '+.3f')} R"
        " with 95 % confidence"
    )
    if low > 0:
        return f"{between}: above zero on these bars and under the assumptions below."
    if high < 0:
        return f"{between}: it loses, and bad luck is an unlikely explanation."
    return f"{between}: zero lies inside, so this result may be chance."


def all_figures(summary: Summary, risk: RiskFigures) -> str:
    """Return every figure of a run with its unit and meaning, as a table."""
    rows = [
        _row("Sessions", f"{summary.sessions:,}", "days traded"),
        _row("Bars", f"{summary.bars:,}", "of the calendar in these sessions"),
        _row("Initial equity", f"{number(summary.initial_equity)} USD", ""),
        _row("Final equity", f"{number(summary.final_equity)} USD", "after the last close"),
        _row("Profit", f"{number(summary.total_pnl, '+,.2f')} USD", "all trades, after costs"),
        _row("Return", percent(summary.total_return), "of the initial equity"),
        *_yearly_rows(summary),
        _row("Maximum drawdown", percent(summary.max_drawdown), "from the equity per bar"),
        _row("Sharpe ratio", number(summary.sharpe), "daily returns, a year"),
        _row("Sortino ratio", number(summary.sortino), "the same against falls only"),
        *_risk_rows(risk),
        _row("Trades", f"{summary.trades:,}", "entered and left"),
        _row("Win rate", percent(summary.win_rate, ".1f"), "trades that earned money"),
        _row("Profit factor", number(summary.profit_factor), "gains over losses"),
        _row(
            "Average trade",
            _of(summary.expectancy_r, "+.3f", "R"),
            f"{_sureness(summary)}; R is what the trade risked to its stop",
        ),
        _row("Average duration", _of(summary.average_duration_minutes, ",.1f", "minutes"), ""),
        _row("Exposure", percent(summary.exposure, ".1f"), "bars that hold a position"),
        _row("Turnover", f"{number(summary.turnover, ',.1f')} x", "value traded over mean equity"),
        _row("Long", *_side(summary.long)),
        _row("Short", *_side(summary.short)),
        _row("Assumed closes", f"{summary.assumed_closes:,}", "exits that no bar could fill"),
    ]
    heads = ("Figure", "Value", "Meaning")
    return table(heads, rows, caption="All figures", class_="facts figures")


def _yearly_rows(summary: Summary) -> list[str]:
    if not summary.is_told_by_year:
        return [_row(name, NOTHING, _TOO_FEW) for name in ("Annual return", "Annual volatility")]
    return [
        _row("Annual return", percent(summary.annual_return), "compounded over 252 sessions"),
        _row("Annual volatility", percent(summary.annual_volatility, ",.2f"), "of daily returns"),
    ]


def _risk_rows(risk: RiskFigures) -> list[str]:
    few = f"under {FEWEST_TRADES_FOR_SQN} trades there is none"
    rows = [
        _row("Probabilistic Sharpe ratio", percent(risk.probabilistic_sharpe, ".1f"),
             "probability that the true Sharpe ratio is above 0, if this run was not chosen"),
        _row("Calmar ratio", number(risk.calmar), "annual return over the maximum drawdown"),
        _row("Recovery factor", number(risk.recovery_factor), "profit over the largest fall, USD"),
        _row("SQN", number(risk.sqn), few if risk.sqn is None else
             "mean R over its deviation, times the root of the trades, at most 100"),
    ]  # fmt: skip
    for each in risk.value_at_risk:
        one_in = round(1 / (1 - each.level))
        rows.append(
            _row(f"Value at risk, {each.level * 100:.0f} %", percent(each.value),
                 f"one day in {one_in} came to less, {percent(each.tail)} on average")
        )  # fmt: skip
    return rows


def _row(name: str, value: str, meaning: str) -> str:
    cells = element("th", name, scope="row") + element("td", value, class_="number")
    return wrap("tr", cells + element("td", meaning))


def _side(side: SideFigures) -> tuple[str, str]:
    return f"{number(side.pnl, '+,.2f')} USD", f"{counted(side.trades, 'trade')}, {side.wins:,} won"


def _of(value: float | None, form: str, unit: str) -> str:
    return NOTHING if value is None else f"{number(value, form)} {unit}"


def _sureness(summary: Summary) -> str:
    low, high = summary.expectancy_r_low, summary.expectancy_r_high
    if low is None:
        return f"95 % interval: {NOTHING}"
    return f"95 % interval {number(low, '+.3f')} to {number(high, '+.3f')} R"
