"""Seeded random markets and configurations, damaged on purpose, for comparing engines.

Prices often lie on a coarse grid, so that levels are touched exactly and ties happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from tests.oracle.reference.bars import MINUTE, DailyRow, Row, SessionTimes, calendar_sessions

WINDOWS = (
    ("NYSE", date(2025, 6, 4), date(2025, 6, 6)),
    ("NYSE", date(2025, 7, 2), date(2025, 7, 7)),  # a half-day, a holiday, a weekend
    ("NYSE", date(2025, 11, 26), date(2025, 12, 1)),  # Thanksgiving and its half-day
    ("NYSE", date(2025, 3, 7), date(2025, 3, 11)),  # clocks go forward
    ("NYSE", date(2025, 10, 31), date(2025, 11, 4)),  # clocks go back
    ("NASDAQ", date(2024, 12, 23), date(2024, 12, 26)),
    ("LSE", date(2024, 12, 23), date(2024, 12, 27)),  # a half-day that ends at 12:30
    ("TSX", date(2024, 12, 23), date(2024, 12, 27)),
)
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")


@dataclass(frozen=True)
class Case:
    """One market and one configuration."""

    seed: int
    exchange: str
    sessions: tuple[SessionTimes, ...]
    interval: int
    symbols: tuple[str, ...]
    capital: float
    first_traded: int
    settings: dict[str, Any]
    rows: tuple[Row, ...]
    # Days of a user's file; None where there is no file.
    daily: tuple[DailyRow, ...] | None = None


def random_case(seed: int) -> Case:
    """Return the market and configuration of a seed."""
    rng = np.random.default_rng(seed)
    number = int(rng.integers(len(WINDOWS)))
    sessions = calendar_sessions(*WINDOWS[number])
    interval = int(rng.choice([1, 5, 5, 5, 15, 15, 30, 60]))
    # Fine bars are many: fewer sessions and symbols keep a case in milliseconds.
    sessions = sessions[: 2 if interval == 1 else 4]
    if rng.random() < 0.5:
        begin = int(rng.integers(len(sessions)))
        sessions = sessions[begin:]
    symbols = SYMBOLS[: int(rng.integers(1, 4 if interval == 1 else 7))]
    source = int(rng.choice([step for step in (1, 2, 5, 7, 15, 20, 30, 60) if step <= interval]))
    if rng.random() < 0.6:
        source = interval
    elif rng.random() < 0.04:
        source = int(rng.choice([10, 45, 90]))  # often coarser than asked for: to be refused
    level = float(rng.choice([0.05, 0.4, 3.0, 20.0, 20.0, 100.0, 100.0, 480.0, 6000.0]))
    grid = float(rng.choice([0.0001, 0.01, 0.01, 0.05, 0.25]))
    if level < 100 * grid:
        grid = 0.0001 if level < 1 else 0.01
    settings = random_settings(rng, interval, level, grid)
    rows: list[Row] = []
    for symbol in symbols:
        rows += random_rows(rng, symbol, sessions, source, level * rng.uniform(0.7, 1.4), grid)
    rows = damaged_rows(rng, rows, sessions)
    capital = float(rng.choice([1_000.0, 10_000.0, 10_000.0, 100_000.0, 3_000_000.0]))
    if rng.random() < 0.15:  # a few shares at most, so that funds run out at the fill
        capital = float(np.round(level * rng.uniform(1.0, 5.0), 2))
        settings |= {"risk_per_trade": 1.0, "max_position_pct": 1.0}
    return Case(
        seed,
        WINDOWS[number][0],
        sessions,
        interval,
        symbols,
        capital,
        int(rng.integers(len(sessions))) if rng.random() < 0.3 else 0,
        settings,
        tuple(rows),
    )


def random_settings(
    rng: np.random.Generator, interval: int, level: float, grid: float
) -> dict[str, Any]:
    def pick(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    typical = level * 0.002
    settings = {
        "range_minutes": interval * pick(1, 1, 1, 2, 3, 5),
        "breakout_on": pick("close", "wick"),
        "breakout_buffer": pick(0.0, 0.0, 0.0, grid, typical, 2 * grid),
        "min_body": pick(0.5, 0.0, 0.2, -0.3, -1.0, -1.0, 0.9, 1.0),
        "max_extension": pick(0.0, 0.0, 0.0, 0.5, 1.0, 0.1, 3.0),
        "allow_short": pick(True, True, True, False),
        "entry_cutoff_minutes": pick(0, 1, 5, 60, 60, 61, 119, 180, int(rng.integers(391)), 390),
        "max_entries": pick(0, 1, 1, 2, 3, 5),
        "stop": pick("range", "range", "atr"),
        "stop_atr": pick(0.3, 1.0, 1.5, 3.0),
        "target": pick("range", "atr", "none"),
        "target_multiple": pick(0.2, 0.5, 1.0, 2.0),
        "trailing": pick("none", "breakeven", "stepped"),
        "trail_trigger_r": pick(0.0, 0.25, 0.5, 1.0),
        "trail_plus": pick(0.0, 0.0, grid, -grid, typical),
        "trail_steps": pick(
            [[0.5, 0.0]], [[0.5, -0.5], [1.0, 0.0], [1.5, 0.75]], [[1.0, 0.5], [0.25, -0.25]]
        ),
        "volume_filter": pick(False, False, False, True),
        "volume_threshold": pick(0.5, 1.0, 1.5),
        "flatten_minutes": pick(1, 5, 5, 7, 30, 60, 61, int(rng.integers(1, 395))),
        "tick": pick(0.01, 0.05, 0.0001, 0.25, 0.0005),
        "risk_per_trade": pick(0.01, 0.002, 0.05, 1.0),
        "max_position_pct": pick(0.2, 0.05, 0.5, 1.0),
        "max_positions": pick(5, 5, 1, 2, 3),
        "max_orders_per_session": pick(50, 50, 50, 0, 1, 3),
        "max_daily_loss_pct": pick(0.03, 0.03, 0.0005, 0.005, 0.5, 1.0),
        "slippage_bps": pick(5.0, 5.0, 0.0, 0.0, 50.0, 700.0),
        "volatility_factor": pick(0.0, 0.0, 0.1, 0.5),
        "impact_factor": pick(0.0, 0.0, 0.05, 0.4),
        "max_participation": pick(0.1, 0.1, 0.0, 0.0, 0.001, 0.01, 1.0),
        "commission_per_share": pick(0.0, 0.005, 0.1),
        "commission_minimum": pick(0.0, 0.0, 1.0),
    }
    # Few settings away from their defaults trade more; many meet in more ways.
    share = float(rng.choice([0.2, 0.5, 1.0]))
    return {
        name: value
        for name, value in settings.items()
        if name in ("range_minutes", "trail_steps") or rng.random() < share
    }


def random_rows(
    rng: np.random.Generator,
    symbol: str,
    sessions: tuple[SessionTimes, ...],
    source: int,
    level: float,
    grid: float,
) -> list[Row]:
    """Return rows of a walk with fat wicks, of volumes that are sometimes tiny."""
    rows: list[Row] = []
    wildness = float(rng.choice([0.0005, 0.002, 0.006, 0.02])) * np.sqrt(source / 5)
    typical_volume = float(rng.choice([30, 800, 20_000, 300_000, 3_000_000]))
    zero_share = float(rng.choice([0.0, 0.0, 0.02, 0.3]))
    exact = rng.random() < 0.7
    lot = float(rng.choice([1.0, 1.0, 1.0, 0.5, 100.0]))
    price = level
    early, late = int(rng.choice([0, 0, 5])), int(rng.choice([0, 0, 5]))
    for _, opened, closed in sessions:
        price = max(price * (1 + rng.normal(0, 2 * wildness)), 2 * grid)
        length = closed - opened
        count = -(-length // (source * MINUTE))
        for k in range(-early, count + late):
            move = rng.normal(0, wildness)
            first = price * (1 + (rng.normal(0, wildness) if rng.random() < 0.1 else 0.0))
            last = first * (1 + move)
            up, down = np.abs(rng.normal(0, wildness * rng.choice([0.0, 0.5, 2.0]), 2))
            values = np.array([first, max(first, last) * (1 + up), 0.0, last])
            values[2] = min(first, last) * (1 - down)
            if exact:
                values = np.maximum(np.round(values / grid), 1.0) * grid
            elif rng.random() < 0.02:
                values[:] = values[0]
            o, h, low, c = (float(value) for value in values)
            price = max(c, 2 * grid)
            volume = float(np.floor(rng.exponential(typical_volume) / lot)) * lot
            if rng.random() < zero_share:
                volume = 0.0
            rows.append((symbol, opened + k * source * MINUTE, o, h, low, c, volume))
    return rows


def damaged_rows(
    rng: np.random.Generator, rows: list[Row], sessions: tuple[SessionTimes, ...]
) -> list[Row]:
    if rng.random() < 0.3:
        return rows
    if rng.random() < 0.5:  # single bars lost
        lost = float(rng.choice([0.01, 0.1, 0.4]))
        rows = [row for row in rows if rng.random() >= lost]
    if rng.random() < 0.3:  # holes in the opening range
        rows = [
            row
            for row in rows
            if not any(0 <= row[1] - opened < 10 * MINUTE for _, opened, _ in sessions)
            or rng.random() < 0.6
        ]
    if rng.random() < 0.3:  # days that end early for one symbol
        _, opened, closed = sessions[int(rng.integers(len(sessions)))]
        end = opened + int((closed - opened) * rng.random())
        victim = SYMBOLS[int(rng.integers(3))]
        rows = [row for row in rows if row[0] != victim or not end <= row[1] < closed]
    if rng.random() < 0.3:  # unaligned stamps
        rows = [
            (row[0], row[1] + int(rng.integers(60)) * 1_000_000, *row[2:])
            if rng.random() < 0.05
            else row
            for row in rows
        ]
    if rng.random() < 0.4:
        rows = [_spoiled(rng, row) if rng.random() < 0.02 else row for row in rows]
    if rng.random() < 0.4 and rows:  # repeated stamps, some with other prices or spoiled
        for _ in range(int(rng.integers(1, 8))):
            row = rows[int(rng.integers(len(rows)))]
            factor = float(rng.choice([1.0, 1.01, 0.99]))
            again = (row[0], row[1], *(value * factor for value in row[2:6]), row[6])
            if rng.random() < 0.2:
                again = _spoiled(rng, again)
            rows.insert(int(rng.integers(len(rows) + 1)), again)
    if rng.random() < 0.2:
        rows = [rows[int(i)] for i in rng.permutation(len(rows))]
    return rows


def _spoiled(rng: np.random.Generator, row: Row) -> Row:
    symbol, start, o, h, low, c, volume = row
    broken: tuple[Row, ...] = (
        (symbol, start, float("nan"), h, low, c, volume),
        (symbol, start, o, float("inf"), low, c, volume),
        (symbol, start, o, h, 0.0, c, volume),
        (symbol, start, o, h, low, -c, volume),
        (symbol, start, o, low - 0.01, low, c, volume),
        (symbol, start, o, h, h + 0.01, c, volume),
        (symbol, start, o, h, low, c, -1.0),
        (symbol, start, o, h, low, c, float("nan")),
        (symbol, start, o, h, low, c, float("inf")),
        (symbol, start, o, h, low, float("nan"), volume),
        (symbol, start, 0.00004, h, 0.00004, c, volume),
    )
    return broken[int(rng.integers(len(broken)))]
