"""Openbell's engine beside an independent one: same bars, same trades, fills and decisions.

More seeds than these run with `make soak`, and with `python -m tests.oracle.hunt random 1000 9000`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import starmap
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.comparison import (
    beside_the_reference,
    compare,
    differences,
    loading_differences,
    run_openbell,
    run_the_reference,
)
from tests.oracle.damaged_markets import damaged_case
from tests.oracle.random_markets import Case, random_case
from tests.oracle.reference.account import Result
from tests.oracle.shared_data import expected_trades, real_case
from tests.oracle.varied_markets import varied_case
from tests.shared_data import REAL_BARS
from tests.unit.trading.scenarios.scenario import GATE_OFF
from trading.backtest.run import Outcome
from trading.engine.tapes.trade_tape import TradeRow
from trading.gate.findings import CHECKS
from trading.reasons import DATA_GATE, ExitReason

CHUNK = 50
# Chunks of seeds that meet every reason and every kind of fill; all others are soaked.
CHUNKS = (1, 3, 5, 12)
OTHER_CHUNKS = tuple(number for number in range(40) if number not in CHUNKS)
HARD = {
    "range_minutes": 15,
    "max_positions": 3,
    "min_body": 0.2,
    "target_multiple": 1.5,
    "commission_per_share": 0.005,
    "commission_minimum": 1.0,
    "max_participation": 0.001,
    "max_daily_loss_pct": 0.004,
    # Made before there was one.
    **GATE_OFF,
}
# What the gate forgets is read by the ATR, the day's ATR, opening volumes and the bar before.
MEMORY = {
    "stop": "atr",
    "stop_atr": 2.0,
    "target": "daily_atr",
    "target_multiple": 0.5,
    "min_daily_atr": 0.5,
    "min_relative_opening_volume": 0.6,
    "min_body": 0.0,
    "max_entries": 4,
    "entry_cutoff_minutes": 30,
    "volatility_factor": 0.1,
    "max_daily_loss_pct": 0.1,
}
RESTING = {"entry": "stop", "direction": "first_bar"}
DAMAGED_AND_RESTING = {
    **RESTING,
    "stop": "percent",
    "stop_pct": 0.005,
    "target": "r",
    "target_multiple": 2.0,
    "max_entries": 3,
    "max_daily_loss_pct": 0.1,
}
IN_PLAY = {
    **RESTING,
    "stop": "daily_atr",
    "target": "none",
    "select_top": 3,
    "leverage": 4.0,
    "max_position_pct": 1.5,
    "commission_per_share": 0.0035,
    "min_price": 5.0,
    "min_daily_atr": 0.5,
    "min_daily_volume": 1e6,
    "min_relative_opening_volume": 0.5,
    "entry_cutoff_minutes": 120,
}
EXITS = {
    "stop": "percent",
    "stop_pct": 0.004,
    "target": "r",
    "target_multiple": 3.0,
    "trailing": "atr",
    "trail_atr": 2.5,
    "validation": True,
    "validation_threshold": 45.0,
    "sizing": "fixed_risk",
    "risk_usd": 80.0,
    "max_position_pct": 0.5,
}
MORE = {
    "range_minutes": 15,
    "trailing": "percent",
    "trail_pct": 0.006,
    "target": "daily_atr",
    "target_multiple": 0.4,
    "max_entries": 3,
    "validation": True,
    "validation_threshold": 20.0,
    "min_body": 0.2,
    "commission_per_share": 0.005,
    "commission_minimum": 1.0,
    "sec_fee_per_million": 27.8,
    "taf_per_share": 0.000166,
    "max_drawdown_pct": 0.04,
}
DAMAGED = "bars_damaged.parquet"
# Of each file of trades: settings, capital, bars and the minutes of one.
REAL: dict[str, tuple[Any, ...]] = {
    "default": ({}, 1e4),
    "hard": (HARD, 1e5),
    "gate": ({}, 1e4, DAMAGED),
    "gate_memory": (MEMORY, 5e4, DAMAGED),
    "gate_stop_entry": (DAMAGED_AND_RESTING, 5e4, DAMAGED),
    "v2_stop_entry": (IN_PLAY, 25_000.0),
    "v2_exits": (EXITS, 1e5),
    "v2_more": (MORE, 5e4, REAL_BARS.name, 15),
}
# What a plain backtest may say; the rest belongs to live sessions.
REASONS_OF_A_BACKTEST = {
    "latched",
    "position_open",
    "order_pending",
    "bar_missing",
    "range_incomplete",
    "range_flat",
    "max_entries",
    "after_cutoff",
    "no_breakout",
    "short_disabled",
    "weak_body",
    "too_extended",
    "indicator_warming_up",
    "low_volume",
    "stop_not_protective",
    "max_positions",
    "order_rate",
    "size_below_one",
    "enter_long",
    "enter_short",
}


@dataclass(frozen=True)
class Chunk:
    """What the seeds of a chunk showed: differences by seed, and how varied the cases were."""

    differences: dict[int, list[str]]
    reasons: Counter[str]
    legs: Counter[str]
    exits: Counter[str]
    dropped: Counter[str]
    refused: int


@lru_cache(maxsize=len(CHUNKS))
def compared(number: int) -> Chunk:
    """Return the comparison of a chunk's seeds, made once."""
    chunk = Chunk({}, Counter(), Counter(), Counter(), Counter(), 0)
    refused = 0
    for seed in range(number * CHUNK, (number + 1) * CHUNK):
        case = random_case(seed)
        found, result = beside_the_reference(case)
        found += loading_differences(case)
        if found:
            chunk.differences[seed] = found
        if result is None:
            refused += 1
            continue
        chunk.reasons.update(result.decisions.values())
        chunk.legs.update(fill["leg"] for fill in result.fills)
        chunk.exits.update(trade["exit_reason"] for trade in result.trades)
        chunk.dropped.update(drop[3] for drop in result.dropped)
    return Chunk(chunk.differences, chunk.reasons, chunk.legs, chunk.exits, chunk.dropped, refused)


@dataclass(frozen=True)
class Real:
    """Both engines' runs of real bars."""

    case: Case
    reference: Result
    openbell: Outcome


@cache
def real(name: str) -> Real:
    """Return the runs for a file of trades, made once."""
    case = real_case(*REAL[name])
    return Real(case, run_the_reference(case), run_openbell(case))


@pytest.mark.parametrize("name", REAL)
def test_the_reference_agrees_with_a_third_implementation_on_real_bars(name: str) -> None:
    expected = expected_trades(name)
    trades = [
        (
            trade["symbol"],
            trade["side"],
            trade["quantity"],
            trade["entry_time"],
            trade["entry_price"],
            trade["exit_time"],
            trade["exit_price"],
            trade["exit_reason"],
            round(trade["pnl"], 4),
        )
        for trade in real(name).reference.trades
    ]
    _assert_same_trades(trades, expected)


@pytest.mark.parametrize("name", REAL)
def test_openbell_agrees_with_a_third_implementation_on_real_bars(name: str) -> None:
    expected = expected_trades(name)
    trades = [
        (
            real(name).case.symbols[int(row.symbol)],
            "long" if row.side > 0 else "short",
            int(row.quantity),
            int(row.entry_us),
            row.entry_price,
            int(row.exit_us),
            row.exit_price,
            ExitReason(int(row.exit_reason)).word,
            row.pnl,
        )
        for row in starmap(TradeRow, real(name).openbell.trades.tolist())
    ]
    _assert_same_trades(trades, expected)


@pytest.mark.parametrize("name", REAL)
def test_openbell_agrees_with_the_reference_on_real_bars_in_every_decision(name: str) -> None:
    runs = real(name)
    assert compare(runs.case, runs.openbell, runs.reference) == []


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize(
    "number", [*CHUNKS, *(pytest.param(each, marks=pytest.mark.soak) for each in OTHER_CHUNKS)]
)
def test_openbell_agrees_with_the_reference_on_random_damaged_markets(number: int) -> None:
    assert compared(number).differences == {}


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("seeds", [40, pytest.param(1_000, marks=pytest.mark.soak)])
def test_openbell_agrees_with_the_reference_on_markets_full_of_faults(seeds: int) -> None:
    met: Counter[str] = Counter()
    for seed in range(seeds):
        found, result = beside_the_reference(damaged_case(seed))
        assert found == [], f"seed {seed}"
        met.update(result.gate if result else {})
    assert set(met) == set(CHECKS), "what the gate is for was not there"


def test_the_random_markets_reach_every_reason_and_every_kind_of_fill() -> None:
    chunks = [compared(number) for number in CHUNKS]

    def seen(name: str) -> Counter[str]:
        return sum((getattr(chunk, name) for chunk in chunks), Counter())

    # Those of the gate are for markets full of faults.
    reasons = {name: n for name, n in seen("reasons").items() if not name.startswith(DATA_GATE)}
    assert set(reasons) == REASONS_OF_A_BACKTEST
    assert min(reasons.values()) >= 3
    assert set(seen("legs")) == {"entry", "exit", "stop", "target", "assumed_close"}
    assert set(seen("exits")) == {"stop", "target", "flatten", "latch", "assumed_close"}
    assert set(seen("dropped")) == {"no_volume", "insufficient_funds"}
    assert sum(chunk.refused for chunk in chunks) >= 3
    assert seen("legs")["entry"] >= 500


def test_the_compiled_engine_agrees_with_the_reference_too(engine_cache: Path) -> None:
    for seed in range(5_000, 5_042):
        case = (damaged_case, random_case, varied_case)[seed % 3](seed)
        found = differences(case, lambda c: run_openbell(c, compiled=True, cache=engine_cache))
        assert found == [], f"seed {seed}"


def _assert_same_trades(found: list[Any], expected: list[Any]) -> None:
    found = sorted(found, key=lambda row: (row[3], row[0]))
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[:8] == theirs[:8]
        assert ours[8] == pytest.approx(theirs[8], abs=1e-4)
