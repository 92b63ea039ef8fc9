"""What the report's scripts draw: equity, trades, candles and decisions, as text for the page."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from blocks.report.candles import CANDLE_BUDGET, PackedDays, pack_days
from blocks.report.html.packed_numbers import floats_text, packed_text
from blocks.report.levels import drawn_levels, levels_of_days, range_minutes
from blocks.report.run import ReportRun
from blocks.report.trades import trade_columns
from blocks.report.universe import universe_columns
from trading.engine.tapes.decision_log import DecisionLog, parts_of
from trading.engine.tapes.trade_tape import TradeRow
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid, to_microseconds
from trading.prices import UNITS_PER_DOLLAR
from trading.reasons import ExitReason, Reason

MOST_TRADES = 40_000
MOST_POINTS = 20_000
_BUCKETS = 4000


@dataclass(frozen=True, slots=True)
class PageData:
    """Texts of the page's data elements, in ASCII, by their id; and what the page leaves out."""

    elements: dict[str, bytes]
    left_out: tuple[str, ...]


def page_data(run: ReportRun, candle_budget: int = CANDLE_BUDGET) -> PageData:
    """Return a run as the page's scripts read it; the candles stay within the budget."""
    first = run.outcome.first_traded
    days = pack_days(run.panel, days_by_interest(run), candle_budget)
    points = equity_points(run.outcome.equity, run.plan.capital)
    trades = trade_columns(run.outcome, run.plan, MOST_TRADES)
    # The page counts sessions from the first traded one.
    table = days.days - np.array([first, 0, 0, 0])
    elements = {
        "run": script_json(_facts(run)).encode("ascii"),
        "equity": floats_text(points, run.outcome.equity[points], _drawdown(run)[points]),
        "trades": floats_text(*trades),
        "days": packed_text(table),
        "candles": base64.b64encode(days.data),
        "decisions": packed_text(changes(run, days)),
        "universe": floats_text(*universe_columns(run, days.days)),
        "levels": packed_text(levels_of_days(run, days.days)),
        "benchmark": floats_text(_held(run, points)),
    }
    return PageData(elements, _left_out(run, days, len(points)))


def days_by_interest(run: ReportRun) -> Integers:
    """Return (session, symbol) of every traded day: with trades first, then newest first."""
    grid, first = run.panel.grid, run.outcome.first_traded
    traded = np.zeros((len(grid.sessions) - first, len(run.plan.symbols)), dtype=np.bool_)
    trades: TradeRow[Floats] = TradeRow(*run.outcome.trades.T)
    opens = grid.start_us[grid.first_row[first:-1]]
    session = np.searchsorted(opens, trades.entry_us, side="right") - 1
    traded[session, trades.symbol.astype(np.int64)] = True
    chosen = [np.argwhere(flags[::-1]) for flags in (traded, ~traded)]
    days: Integers = np.concatenate(chosen).astype(np.int64)
    days[:, 0] = len(grid.sessions) - 1 - days[:, 0]
    return days


def drawdown_of(equity: Floats, capital: float) -> Floats:
    """Return the fall from the highest equity so far, the capital included, as fractions <= 0."""
    peak = np.maximum.accumulate(np.concatenate(([capital], equity)))[1:]
    with np.errstate(all="ignore"):
        fall: Floats = equity / peak - 1
    return fall


def equity_points(equity: Floats, capital: float) -> Integers:
    """Return which bars to draw: all of them, or of each bucket its extremes.

    Of a bucket the first bar, the lowest and the highest equity and the deepest drawdown stay.
    """
    bars = len(equity)
    if bars <= MOST_POINTS:
        return np.arange(bars, dtype=np.int64)
    size = -(-bars // _BUCKETS)
    whole = bars // size
    begins = np.arange(whole, dtype=np.int64) * size
    table = equity[: whole * size].reshape(whole, size)
    falls = drawdown_of(equity, capital)[: whole * size].reshape(whole, size)
    extremes = [table.argmin(axis=1), table.argmax(axis=1), falls.argmin(axis=1)]
    rest = np.arange(whole * size, bars, dtype=np.int64)
    return np.unique(np.concatenate([begins, *(begins + at for at in extremes), rest]))


def changes(run: ReportRun, days: PackedDays) -> Integers:
    """Return a row for each decision of the packed days that differs from the one before.

    (day, bar, reason, level, score): `day` is the row in `days`, `bar` counts from the session's
    open; the level at which an entry rests is in 0.0001 USD, 0 for none, and the score is 1 more
    than hundredths of a point, 0 for none.
    """
    grid, log = run.panel.grid, run.outcome.log
    number = np.full((len(grid.sessions), len(run.plan.symbols)), -1, dtype=np.int64)
    number[days.days[:, 0], days.days[:, 1]] = np.arange(len(days.days))
    kept = np.concatenate([_of_days(part, run.panel.grid, number) for part in parts_of(log)])
    rows = kept[np.argsort(kept[:, 0], kind="stable")]
    same = np.zeros(len(rows), dtype=np.bool_)
    same[1:] = (rows[1:, 0] == rows[:-1, 0]) & (rows[1:, 2] == rows[:-1, 2])
    return rows[~same]


def _of_days(log: DecisionLog, grid: Grid, number: Integers) -> Integers:
    """Return the rows of `changes` for all decisions of the days that have a number."""
    # Many decisions share a bar, so the bars are looked up and not each decision.
    row = np.searchsorted(grid.start_us, log.start_us)
    session = np.searchsorted(grid.first_row, row, side="right") - 1
    day = number[np.repeat(session, log.at_bar), log.symbol]
    kept = np.flatnonzero(day >= 0)
    bar = np.repeat(row - grid.first_row[session], log.at_bar)
    level = np.floor(np.nan_to_num(log.column("level")[kept]) * UNITS_PER_DOLLAR + 0.5)
    score = np.nan_to_num(np.floor(log.column("score")[kept] * 100 + 1.5))
    found: Integers = np.column_stack(
        (day[kept], bar[kept], log.reason[kept], level, score)
    ).astype(np.int64)
    return found


def script_json(value: object) -> str:
    """Return JSON that cannot end the element of HTML which holds it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _facts(run: ReportRun) -> dict[str, object]:
    plan, grid, first = run.plan, run.panel.grid, run.outcome.first_traded
    local = [session.open.astimezone(run.zone) for session in run.sessions]
    return {
        "capital": plan.capital,
        "interval": plan.interval_minutes,
        "strategy": plan.strategy_name,
        "symbols": list(plan.symbols),
        "zone": run.zone.key,
        "simulated": run.is_simulated,
        "dates": [session.date.isoformat() for session in run.sessions],
        "opens": [to_microseconds(session.open) // 60_000_000 for session in run.sessions],
        "closes": [to_microseconds(session.close) // 60_000_000 for session in run.sessions],
        # Minutes that the exchange's clock is ahead of UTC.
        "offsets": [(at.utcoffset() or timedelta()) // timedelta(minutes=1) for at in local],
        "firstRows": (grid.first_row[first:] - grid.first_row[first]).tolist(),
        "reasons": [[plan.word_of(reason), plan.label_of(reason)] for reason in Reason],
        "exits": [[reason.word, reason.label] for reason in ExitReason],
        "out_of_sample_from": run.out_of_sample_from and run.out_of_sample_from.isoformat(),
        "benchmark": None if run.benchmark is None else run.benchmark.name,
        "rangeMinutes": range_minutes(plan),
        "levels": drawn_levels(plan),
        "tick": plan.rules().tick_units,
        "trailing": plan.strategy.model_dump(mode="json", include=_TRAILING),
        "decisionsKept": len(run.outcome.log) > 0,
        "tradesLeftOut": len(run.outcome.trades) > MOST_TRADES,
    }


def _held(run: ReportRun, points: Integers) -> Floats:
    """Return what the capital would be worth in the benchmark, where the equity is drawn."""
    if run.benchmark is None:
        return np.zeros(0)
    grid, first = run.panel.grid, run.outcome.first_traded
    return run.benchmark.worth_at(points, grid, first, run.plan.capital)


_TRAILING = {
    "trailing",
    "trail_trigger_r",
    "trail_plus",
    "trail_steps",
    "trail_dollars",
    "trail_pct",
}


def _drawdown(run: ReportRun) -> Floats:
    return drawdown_of(run.outcome.equity, run.plan.capital)


def _left_out(run: ReportRun, days: PackedDays, points: int) -> tuple[str, ...]:
    bars, trades = len(run.outcome.equity), len(run.outcome.trades)
    every = len(run.sessions) * len(run.plan.symbols)
    said = []
    if points < bars:
        said.append(
            f"The equity curve is drawn from {points:,} of {bars:,} bars: of each stretch the"
            " lowest, the highest and the deepest drawdown, so no extreme is lost."
        )
    if trades > MOST_TRADES:
        said.append(
            f"The table lists the newest {MOST_TRADES:,} of {trades:,} trades; trades.csv has"
            " them all, and every figure counts them all."
        )
    if run.plan.strategy.trailing == "atr" and trades:
        said.append(
            "Stops that trail by the ATR are drawn as they were at the entry, and called first"
            " stops: the ATR of each bar is not on this page."
        )
    if len(days.days) < every:
        said.append(
            f"Candles of {len(days.days):,} of {every:,} days (a session of one symbol) are in"
            " this file: those with trades before those without, the newest first."
        )
    if not len(run.outcome.log):
        said.append(
            "No decisions were kept, so the day charts show no reasons and no targets; run with"
            " --decisions changes to have them."
        )
    return tuple(said)
