"""What an engine made of a scenario, read back in the scenario's own words and compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import starmap

from tests.oracle.comparison import numbers_of
from tests.oracle.random_markets import Case
from tests.oracle.reference.account import Result
from tests.oracle.reference.bars import MINUTE
from tests.unit.trading.scenarios.scenario import LoadingScenario, Scenario
from trading.backtest.run import Outcome
from trading.engine.tapes.trade_tape import TradeRow
from trading.market.panel import Panel
from trading.reasons import ExitReason, FillLeg, Reason

Where = tuple[int, int]  # day, bar
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Observed:
    """Fills, trades, decisions, their numbers and equity by day and bar."""

    fills: list[tuple[Where, str, str, int, float]]
    trades: list[tuple[str, str, int, float, float, str, float, Where, Where]]
    decisions: dict[tuple[Where, str], str]
    numbers: dict[tuple[Where, str], dict[str, float]]
    equity: dict[Where, float]


def where(case: Case, us: float) -> Where:
    """Return the day and bar of a bar's START."""
    for day, (_, opened, closed) in enumerate(case.sessions):
        if opened <= us < closed:
            return day, int(us - opened) // (case.interval * MINUTE)
    raise AssertionError(f"{us} lies in no session")


def observed(case: Case, outcome: Outcome) -> Observed:
    """Return what Openbell's run says."""
    names = case.symbols
    return Observed(
        [
            (where(case, us), names[int(s)], FillLeg(int(leg)).word, int(quantity), float(price))
            for us, s, leg, quantity, price, _ in outcome.fills
        ],
        [
            (
                names[int(trade.symbol)],
                "long" if trade.side > 0 else "short",
                int(trade.quantity),
                trade.entry_price,
                trade.exit_price,
                ExitReason(int(trade.exit_reason)).word,
                trade.pnl,
                where(case, trade.entry_us),
                where(case, trade.exit_us),
            )
            for trade in starmap(TradeRow, outcome.trades.tolist())
        ],
        {
            (where(case, us), names[int(s)]): Reason(int(reason)).word
            for us, s, reason in outcome.decisions[:, :3]
        },
        {
            (where(case, us), symbol): dict(numbers)
            for us, symbol, numbers in numbers_of(case, outcome)
        },
        {
            where(case, us): float(value)
            for us, value in zip(outcome.equity_us, outcome.equity, strict=True)
        },
    )


def observed_of_reference(case: Case, result: Result) -> Observed:
    """Return what the reference's run says."""
    days = {name: day for day, (name, _, _) in enumerate(case.sessions)}
    bars = [
        (day, k)
        for day, (_, opened, closed) in enumerate(case.sessions)
        if day >= case.first_traded
        for k in range(-((opened - closed) // (case.interval * MINUTE)))
    ]
    return Observed(
        [
            (
                where(case, fill["time"]),
                fill["symbol"],
                fill["leg"],
                fill["side"] * fill["quantity"],
                fill["price"],
            )
            for fill in result.fills
        ],
        [
            (
                trade["symbol"],
                trade["side"],
                trade["quantity"],
                trade["entry_price"],
                trade["exit_price"],
                trade["exit_reason"],
                trade["pnl"],
                where(case, trade["entry_time"]),
                where(case, trade["exit_time"]),
            )
            for trade in result.trades
        ],
        {
            ((days[name], k), symbol): reason
            for (name, k, symbol), reason in result.decisions.items()
        },
        {
            ((days[name], k), symbol): numbers
            for (name, k, symbol), numbers in result.numbers.items()
        },
        dict(zip(bars, result.equity, strict=True)),
    )


def loading_complaints(scenario: LoadingScenario, panel: Panel) -> list[str]:
    """Return where a panel departs from what the scenario's rows should become."""
    columns = (panel.open, panel.high, panel.low, panel.close, panel.volume)
    counts = panel.defects.as_dict()
    said = []
    for k, expected in scenario.bars.items():
        found = [float(column[k, 0]) for column in columns]
        wanted = [math.nan] * 5 if expected is None else list(expected)
        # The text tells a missing number from any other, and every number exactly.
        if repr(found) != repr([float(value) for value in wanted]):
            said.append(f"bar {k}: {wanted} was expected, and it is {found}")
    for name, count in {**scenario.defects, "rows": len(scenario.rows)}.items():
        if counts[name] != count:
            said.append(f"{name}: {count} was expected, and it is {counts[name]}")
    return said


def complaints(scenario: Scenario, seen: Observed) -> list[str]:
    """Return where a run departs from what the scenario expects."""
    wrong: list[str] = []
    if scenario.fills is not None:
        wrong += _unequal("fills", [_fill(text) for text in scenario.fills], seen.fills)
    if scenario.trades is not None:
        trades = [_trade(text) for text in scenario.trades]
        wrong += _unequal("trades", trades, seen.trades)
    for text in scenario.why:
        at, symbol, (reason,) = _head(text)
        found = seen.decisions.get((at, symbol), "none")
        if found != reason:
            wrong.append(f"decision {text!r}: found {found}")
    for text in scenario.numbers:
        at, symbol, (name, value) = _head(text)
        number = seen.numbers.get((at, symbol), {}).get(name)
        wanted = None if value == "none" else float(value)
        if not _same(wanted, number):
            wrong.append(f"number {text!r}: found {number}")
    for text in scenario.equity:
        at, _, (value,) = _head(text)
        if not _same(float(value), seen.equity[at]):
            wrong.append(f"equity {text!r}: found {seen.equity[at]}")
    return wrong


def _head(text: str) -> tuple[Where, str, list[str]]:
    bar, *rest = text.split()
    symbol = "AAA"
    if rest[0].isupper():
        symbol, *rest = rest
    return _bar(bar), symbol, rest


def _bar(text: str) -> Where:
    day, _, k = text.rpartition("/")
    return int(day or 0), int(k)


def _fill(text: str) -> tuple[Where, str, str, int, float]:
    at, symbol, (leg, quantity, price) = _head(text)
    return at, symbol, leg, int(quantity), float(price)


def _trade(text: str) -> tuple[str, str, int, float, float, str, float, Where, Where]:
    words = text.replace(">", " ").replace("@", " ").split()
    symbol = words.pop(0) if words[0].isupper() else "AAA"
    side, quantity, entry, leave, reason, pnl, bars = words
    first, last = (_bar(bar) for bar in bars.split("-"))
    return (
        symbol,
        side,
        int(quantity),
        float(entry),
        float(leave),
        reason,
        float(pnl),
        first,
        last,
    )


def _unequal(kind: str, expected: list[tuple], found: list[tuple]) -> list[str]:  # type: ignore[type-arg]
    if len(expected) == len(found) and all(map(_same, expected, found)):
        return []
    return [f"{kind}: expected {expected}, found {found}"]


def _same(expected: object, found: object) -> bool:
    if isinstance(expected, tuple) and isinstance(found, tuple):
        return len(expected) == len(found) and all(map(_same, expected, found))
    if isinstance(expected, float) and isinstance(found, float):
        return expected == found or math.isclose(
            expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE
        )
    return expected == found
