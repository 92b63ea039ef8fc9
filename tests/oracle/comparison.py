"""Openbell's run of a case beside the reference's, and where the two differ."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import starmap
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.oracle.random_markets import Case
from tests.oracle.reference.account import Result
from tests.oracle.reference.bars import MINUTE, Refused, load
from tests.oracle.reference.engine import run_reference
from trading.backtest.run import Outcome, run_backtest
from trading.engine.tapes.trade_tape import DecisionRow, TradeRow
from trading.errors import BadInput
from trading.market.bars import BarRows
from trading.market.calendar import Session, from_microseconds, make_grid
from trading.market.daily_bars import DailyBars, day_number, make_daily_bars
from trading.market.panel import Panel
from trading.market.panel_loading import make_panel
from trading.plan import RunPlan, make_plan
from trading.reasons import ExitReason, FillLeg, Reason

CENT_FRACTION = 1e-6
# What decisions show beside their reasons.
NUMBERS = ("score", "relative_opening_volume", "level")


def bar_rows(case: Case) -> BarRows:
    """Return the case's rows as Openbell takes them."""
    numbers = {symbol: number for number, symbol in enumerate(case.symbols)}
    columns = list(zip(*case.rows, strict=True)) or [()] * 7
    return BarRows(
        np.array([numbers[symbol] for symbol in columns[0]], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        *(np.array(column, dtype=np.float64) for column in columns[2:]),
    )


def panel_of(case: Case) -> Panel:
    """Return the case's rows on Openbell's grid."""
    sessions = [
        Session(from_microseconds(opened).date(), from_microseconds(opened), from_microseconds(end))
        for _, opened, end in case.sessions
    ]
    panel = make_panel(bar_rows(case), make_grid(sessions, case.interval), case.symbols)
    return replace(panel, daily=daily_bars_of(case))


def plan_of(case: Case, strategy: ModuleType | None = None) -> RunPlan:
    """Return the case's configuration as Openbell's plan, of orb or of another strategy."""
    return make_plan(
        case.symbols,
        case.settings,
        exchange=case.exchange,
        interval_minutes=case.interval,
        capital=case.capital,
        strategy_module=strategy,
    )


def daily_bars_of(
    case: Case, make: Callable[[BarRows, tuple[str, ...], str], DailyBars] = make_daily_bars
) -> DailyBars | None:
    """Return the case's file of days as Openbell takes it, None where it has none."""
    if case.daily is None:
        return None
    rows = [row for row in case.daily if row[0] in case.symbols]
    numbers = {symbol: number for number, symbol in enumerate(case.symbols)}
    columns = list(zip(*rows, strict=True)) or [()] * 7
    midnights = [day_number(date.fromisoformat(day)) * 24 * 60 * MINUTE for day in columns[1]]
    return make(
        BarRows(
            np.array([numbers[symbol] for symbol in columns[0]], dtype=np.int64),
            np.array(midnights, dtype=np.int64),
            *(np.array(column, dtype=np.float64) for column in columns[2:]),
        ),
        case.symbols,
        case.exchange,
    )


def run_openbell(case: Case, *, compiled: bool = False, cache: Path | None = None) -> Outcome:
    """Return what Openbell makes of a case, every decision kept."""
    return run_backtest(
        panel_of(case),
        plan_of(case),
        first_traded=case.first_traded,
        keep="all",
        compiled=compiled,
        cache_folder=cache,
    )


def run_the_reference(case: Case) -> Result:
    """Return what the reference makes of a case."""
    return run_reference(
        case.rows,
        case.sessions,
        case.symbols,
        interval=case.interval,
        capital=case.capital,
        first_traded=case.first_traded,
        daily=case.daily,
        exchange=case.exchange,
        **case.settings,
    )


def differences(case: Case, run: Callable[[Case], Outcome] = run_openbell) -> list[str]:
    """Return what differs between an engine's run of a case and the reference's, in words."""
    return beside_the_reference(case, run)[0]


def beside_the_reference(
    case: Case, run: Callable[[Case], Outcome] = run_openbell
) -> tuple[list[str], Result | None]:
    """Return what differs, and what the reference says, None where it refuses the case."""
    try:
        expected = run_the_reference(case)
    except Refused:
        try:
            run(case)
        except BadInput:
            return [], None
        return ["the reference refuses the case, Openbell runs it"], None
    try:
        outcome = run(case)
    except BadInput as error:
        return [f"Openbell refuses the case: {error}"], expected
    return compare(case, outcome, expected), expected


def compare(case: Case, outcome: Outcome, expected: Result) -> list[str]:
    """Return the differences in fills, trades, equity and decisions, each kind's first one."""
    found: list[str] = []
    found += _first_difference(
        "decision", _decisions(case, outcome), _expected_decisions(case, expected)
    )
    found += _first_difference(
        "numbers", numbers_of(case, outcome), _expected_numbers(case, expected)
    )
    found += _first_difference("fill", _fills(case, outcome), _expected_fills(expected))
    found += _first_difference("trade", _trades(case, outcome), _expected_trades(expected))
    equity = [float(value) for value in outcome.equity]
    found += _first_difference("equity", equity, expected.equity)
    counts = {name: count for name, count in outcome.gate.counts.items() if count}
    if counts != expected.gate:
        found.append(f"the gate: Openbell counts {counts}, reference {expected.gate}")
    return found


def loading_differences(case: Case) -> list[str]:
    """Return how the counts of damaged rows differ."""
    try:
        bars, counts = load(case.rows, case.sessions, case.symbols, case.interval)
    except Refused:
        return []
    panel = panel_of(case)
    found = panel.defects.as_dict()
    wrong = [
        f"{name}: {found[name]} instead of {count}"
        for name, count in counts.items()
        if found[name] != count
    ]
    starts = {int(us): row for row, us in enumerate(panel.grid.start_us)}
    for (_, symbol), made in bars.items():
        column = case.symbols.index(symbol)
        for bar in made.values():
            row = starts[bar.start]
            here = [
                float(values[row, column])
                for values in (panel.open, panel.high, panel.low, panel.close, panel.volume)
            ]
            if not close_enough(here, [bar.open, bar.high, bar.low, bar.close, bar.volume]):
                wrong.append(f"bar {symbol} {bar.start}: {here} instead of {bar}")
    return wrong


def close_enough(ours: Any, theirs: Any) -> bool:
    """Return whether two values agree: floats to 1e-6 of a dollar, the rest exactly."""
    if isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(close_enough, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, float):
        if not math.isfinite(ours) or not math.isfinite(theirs):
            return ours == theirs or (math.isnan(ours) and math.isnan(theirs))
        return abs(ours - theirs) <= CENT_FRACTION * max(1.0, abs(theirs) * 1e-6)
    return bool(ours == theirs)


def _first_difference(kind: str, ours: list[Any], theirs: list[Any]) -> list[str]:
    for number, (here, there) in enumerate(zip(ours, theirs, strict=False)):
        if not close_enough(here, there):
            return [f"{kind} {number}: Openbell {here}, reference {there}"]
    if len(ours) != len(theirs):
        return [f"{kind}s: Openbell has {len(ours)}, the reference {len(theirs)}"]
    return []


def _decisions(case: Case, outcome: Outcome) -> list[Any]:
    return sorted(
        (int(us), case.symbols[int(symbol)], Reason(int(reason)).word)
        for us, symbol, reason in outcome.decisions[:, :3]
    )


def numbers_of(case: Case, outcome: Outcome) -> list[Any]:
    """Return (START, symbol, numbers by name) of each decision that shows any."""
    rows = (DecisionRow(*row) for row in outcome.decisions.tolist())
    shown = (
        (
            int(row.us),
            case.symbols[int(row.symbol)],
            [(name, number) for name in NUMBERS if not math.isnan(number := getattr(row, name))],
        )
        for row in rows
    )
    return sorted(row for row in shown if row[2])


def _expected_numbers(case: Case, expected: Result) -> list[Any]:
    opens = {name: opened for name, opened, _ in case.sessions}
    return sorted(
        (
            opens[name] + k * case.interval * 60_000_000,
            symbol,
            [(name, numbers[name]) for name in NUMBERS if name in numbers],
        )
        for (name, k, symbol), numbers in expected.numbers.items()
        if numbers
    )


def _expected_decisions(case: Case, expected: Result) -> list[Any]:
    opens = {name: opened for name, opened, _ in case.sessions}
    return sorted(
        (opens[name] + k * case.interval * 60_000_000, symbol, reason)
        for (name, k, symbol), reason in expected.decisions.items()
    )


def _fills(case: Case, outcome: Outcome) -> list[Any]:
    return [
        (
            int(us),
            case.symbols[int(s)],
            FillLeg(int(leg)).word,
            int(quantity),
            str(price),
            float(fee),
        )
        for us, s, leg, quantity, price, fee in outcome.fills
    ]


def _expected_fills(expected: Result) -> list[Any]:
    return [
        (
            fill["time"],
            fill["symbol"],
            fill["leg"],
            fill["side"] * fill["quantity"],
            str(fill["price"]),
            fill["commission"],
        )
        for fill in expected.fills
    ]


def _trades(case: Case, outcome: Outcome) -> list[Any]:
    return [
        (
            case.symbols[int(row.symbol)],
            "long" if row.side > 0 else "short",
            int(row.quantity),
            int(row.entry_us),
            str(row.entry_price),
            int(row.exit_us),
            str(row.exit_price),
            ExitReason(int(row.exit_reason)).word,
            row.pnl,
            row.pnl_pct,
            row.r_multiple,
            str(row.initial_stop),
        )
        for row in starmap(TradeRow, outcome.trades.tolist())
    ]


def _expected_trades(expected: Result) -> list[Any]:
    return [
        (
            trade["symbol"],
            trade["side"],
            trade["quantity"],
            trade["entry_time"],
            str(trade["entry_price"]),
            trade["exit_time"],
            str(trade["exit_price"]),
            trade["exit_reason"],
            trade["pnl"],
            trade["pnl_pct"],
            float("nan") if trade["r_multiple"] is None else trade["r_multiple"],
            str(trade["initial_stop"]),
        )
        for trade in expected.trades
    ]
