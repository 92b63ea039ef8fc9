"""How trades went before they ended: excursions, how long they were held, and streaks."""

from __future__ import annotations

import numpy as np

from blocks.report.analysis.pictures import points_picture
from blocks.report.html.markup import bar, element, items, number, percent, table, tone, wrap
from blocks.report.run import ReportRun
from trading.analysis.excursions import Excursions
from trading.analysis.holding_time import HeldFor
from trading.analysis.streaks import Streak, Streaks
from trading.backtest.performance import trade_columns
from trading.market.bars import Floats

_PESSIMISM = (
    "MAE is how far a trade went against its position at worst, MFE how far for it at best, from"
    " the entry's price and before fees. A bar does not tell what came first inside it. The worse"
    " is taken: of the bar that stopped a trade only its open and the fill count, of the bar that"
    " reached a target also its worst price. trade_details.parquet has both of every trade."
)


def trades_section(run: ReportRun) -> str:
    """Return excursions, holding times and streaks of the trades."""
    if not len(run.outcome.trades):
        return ""
    found = run.analysis
    panels = [
        *_excursions(run, found.excursions),
        element("h3", "How long it was held") + _held(found.held_for),
        element("h3", "Streaks") + _streaks(found.trade_streaks, found.day_streaks),
    ]
    return wrap(
        "section",
        element("h2", "How trades went")
        + element("p", _PESSIMISM, class_="hint")
        + wrap("div", "".join(wrap("div", each, class_="panel") for each in panels), class_="two"),
        id="excursions",
    )


def _excursions(run: ReportRun, found: Excursions | None) -> list[str]:
    if found is None:
        return []
    trades = trade_columns(run.outcome)
    won = (trades.pnl > 0).astype(np.float64)
    pictures = (
        ("MAE and the result", found.mae_r, "MAE"),
        ("MFE and the result", found.mfe_r, "MFE"),
    )
    drawn = []
    for heading, excursion, name in pictures:
        said = f"{name} in R of each trade and the R that it ended with"
        picture = points_picture(excursion, trades.r_multiple, won, said, (name, "result"))
        if picture:
            drawn.append(element("h3", heading) + picture)
    return [*drawn, element("h3", "Excursions, on average") + _averages(found, trades.pnl)]


def _averages(found: Excursions, pnl: Floats) -> str:
    rows = []
    for name, mine in (("those that lost", pnl < 0), ("those that earned", pnl > 0)):
        values = (
            number(_mean(found.mae_r[mine]), "+.2f"),
            number(_mean(found.mae_usd[mine]), "+,.2f"),
            number(_mean(found.mfe_r[mine]), "+.2f"),
            number(_mean(found.mfe_usd[mine]), "+,.2f"),
        )
        cells = "".join(element("td", value, class_="number") for value in values)
        rows.append(wrap("tr", element("th", name, scope="row") + cells))
    heads = ("Mean of", "MAE, R", "MAE, USD", "MFE, R", "MFE, USD")
    said = _edge(found, pnl)
    return table(heads, rows, class_="groups") + element("p", said, class_="hint below")


def _edge(found: Excursions, pnl: Floats) -> str:
    """Return what the excursions say of stop and target, in a sentence."""
    won, lost = found.mae_r[pnl > 0], found.mfe_r[pnl < 0]
    won, lost = won[np.isfinite(won)], lost[np.isfinite(lost)]
    said = []
    if len(won):
        said.append(
            f"Nine in ten trades that earned went no further than"
            f" {number(abs(float(np.percentile(won, 10))), '.2f')} R against the position first."
        )
    if len(lost):
        half = float((lost >= 0.5).mean())
        said.append(f"{percent(half, ',.0f')} of those that lost had been half an R ahead.")
    return " ".join(said) or "There are too few trades with an R to say more."


def _held(found: tuple[HeldFor, ...]) -> str:
    widest = max((abs(each.profit) for each in found), default=0.0)
    rows = [
        wrap(
            "tr",
            element("th", _span(each), scope="row")
            + element("td", f"{each.trades:,}", class_="number")
            + element("td", percent(each.wins / each.trades, ".0f"), class_="number")
            + element("td", number(each.mean_r, "+.2f"), class_="number")
            + bar(each.profit, widest)
            + element("td", number(each.profit, "+,.2f"),
                      class_=f"number {tone(each.profit)}".strip()),
        )
        for each in found
    ]  # fmt: skip
    return table(("Minutes", "Trades", "Won", "Mean R", "", "Profit, USD"), rows, class_="groups")


def _span(each: HeldFor) -> str:
    if each.to_minutes is None:
        return f"{each.from_minutes} and more"
    return f"{each.from_minutes} to {each.to_minutes - 1}"


def _streaks(trades: Streaks, days: Streaks) -> str:
    lines = [
        _streak("Most losing trades in a row", trades.losses),
        _streak("Most winning trades in a row", trades.gains),
        _streak("Most losing days in a row", days.losses),
        _streak("Most winning days in a row", days.gains),
    ]
    return wrap("ul", items(lines), class_="streaks")


def _streak(name: str, streak: Streak | None) -> str:
    if streak is None:
        return f"{name}: none"
    return f"{name}: {streak.length:,}, which came to {number(streak.total, '+,.2f')} USD"


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
