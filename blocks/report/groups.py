"""Where the money came from: trades by symbol, hour, weekday, exit and side, and their R."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blocks.report.html.markup import bar, element, number, percent, table, tone, wrap
from blocks.report.run import ReportRun
from trading.counted import counted
from trading.engine.tapes.trade_tape import TradeRow
from trading.market.bars import Floats, Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE, to_microseconds
from trading.reasons import ExitReason

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MINUTES_PER_DAY = 1440
_WIDEST_R = (-3.0, 5.0)
_BIN_R = 0.25


@dataclass(frozen=True, slots=True)
class Groups:
    """Trades by a property: labels, and by label how many, wins, profit USD, and the mean R."""

    labels: tuple[str, ...]
    trades: Integers
    wins: Integers
    pnl: Floats
    mean_r: Floats


def group(labels: Sequence[str], label_of_trade: Integers, pnl: Floats, r: Floats) -> Groups:
    """Return the groups; `label_of_trade` indexes the labels, `r` is NaN where undefined."""
    known = np.isfinite(r)
    with np.errstate(all="ignore"):
        mean_r = np.bincount(label_of_trade[known], r[known], len(labels)) / np.bincount(
            label_of_trade[known], minlength=len(labels)
        )
    return Groups(
        tuple(labels),
        np.bincount(label_of_trade, minlength=len(labels)).astype(np.int64),
        np.bincount(label_of_trade[pnl > 0], minlength=len(labels)).astype(np.int64),
        np.bincount(label_of_trade, pnl, len(labels)).astype(np.float64),
        mean_r,
    )


def all_groups(run: ReportRun) -> dict[str, Groups]:
    """Return the trades by symbol, by hour and weekday of entry, by exit and by side."""
    at: TradeRow[Floats] = TradeRow(*run.outcome.trades.T)
    opens = np.array([to_microseconds(session.open) for session in run.sessions], dtype=np.int64)
    session = np.searchsorted(opens, at.entry_us.astype(np.int64), side="right") - 1
    local = [each.open.astimezone(run.zone) for each in run.sessions]
    open_minute = np.array([moment.hour * 60 + moment.minute for moment in local], dtype=np.int64)
    weekday = np.array([each.date.weekday() for each in run.sessions], dtype=np.int64)
    since_open = (at.entry_us.astype(np.int64) - opens[session]) // MICROSECONDS_PER_MINUTE
    hour = (open_minute[session] + since_open) % _MINUTES_PER_DAY // 60
    exits = [reason.label for reason in ExitReason]
    parts: dict[str, tuple[Sequence[str], Integers]] = {
        "Symbol": (run.plan.symbols, at.symbol.astype(np.int64)),
        "Entry hour": ([f"{h:02d}:00 to {h:02d}:59" for h in range(24)], hour),
        "Entry weekday": (_WEEKDAYS, weekday[session]),
        "Exit": (exits, at.exit_reason.astype(np.int64)),
        "Side": (("short", "long"), (at.side > 0).astype(np.int64)),
    }
    pnl, r = at.pnl, at.r_multiple
    return {name: group(labels, of_trade, pnl, r) for name, (labels, of_trade) in parts.items()}


def group_table(name: str, groups: Groups, *, whole: bool = False) -> str:
    """Return groups as a table with bars; those without a trade only when `whole`."""
    widest = float(np.abs(groups.pnl).max(initial=0.0))
    rows = [
        wrap(
            "tr",
            element("th", label, scope="row")
            + element("td", f"{trades:,}", class_="number")
            + element("td", percent(wins / trades, ".0f") if trades else "", class_="number")
            + element("td", number(float(r), "+.2f") if trades else "", class_="number")
            + bar(float(pnl), widest)
            + element("td", number(float(pnl), "+,.2f"), class_=f"number {tone(float(pnl))}"),
        )
        for label, trades, wins, pnl, r in zip(
            groups.labels,
            groups.trades.tolist(),
            groups.wins.tolist(),
            groups.pnl,
            groups.mean_r,
            strict=True,
        )
        if trades or whole
    ]
    heads = (name, "Trades", "Won", "Mean R", "", "Profit, USD")
    return table(heads, rows, caption=f"Trades by {name.lower()}", class_="groups")


def r_histogram(r: Floats) -> str:
    """Return the distribution of R as a picture: a column each quarter R, the ends open."""
    r = r[np.isfinite(r)]
    if not len(r):
        return element("p", "No trade has an R.", class_="quiet")
    low = max(_WIDEST_R[0], float(np.floor(r.min())))
    high = max(low + 1, min(_WIDEST_R[1], float(np.ceil(r.max()))))
    bins = round((high - low) / _BIN_R)
    place = np.clip(np.floor((r - low) / _BIN_R).astype(np.int64), 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    width, height, base = 600.0, 180.0, 200.0
    step = width / bins
    tallest = int(counts.max())
    parts = []
    for index, count in enumerate(counts.tolist()):
        begin = low + index * _BIN_R
        tall = height * count / tallest
        trades = counted(count, "trade")
        said = f"{number(begin, '+.2f')} to {number(begin + _BIN_R, '+.2f')} R: {trades}"
        if (index == 0 and r.min() < low) or (index == bins - 1 and r.max() >= high + _BIN_R):
            said += ", and those beyond"
        shape = (
            f'<rect x="{index * step + 1:.2f}" y="{base - tall:.2f}" width="{step - 2:.2f}"'
            f' height="{tall:.2f}" class="{"good" if begin >= 0 else "bad"}">'
        )
        parts.append(f"{shape}{element('title', said)}</rect>")
    for mark in range(int(low), int(high) + 1):
        x = (mark - low) / (high - low) * width
        anchor = "start" if mark == low else "end" if mark == high else "middle"
        parts.append(
            f'<text x="{x:.2f}" y="{base + 18:.0f}" text-anchor="{anchor}">{number(mark, "+.0f")}'
            f"{' R' if mark == high else ''}</text>"
        )
    mean_x = (min(max(float(r.mean()), low), high) - low) / (high - low) * width
    mean = f"mean {number(float(r.mean()), '+.3f')} R"
    parts.append(
        f'<line x1="{mean_x:.2f}" x2="{mean_x:.2f}" y1="4" y2="{base:.0f}" class="mean"/>'
        f'<text x="{mean_x + 5:.2f}" y="14" class="mean">{mean}</text>'
    )
    return (
        f'<svg viewBox="0 0 {width:.0f} 222" role="img" class="histogram"'
        f' aria-label="Distribution of R, {mean}">{"".join(parts)}</svg>'
    )
