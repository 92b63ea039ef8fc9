"""Seeded markets long enough for daily values, and configurations of all that came later.

Stop entries, selection, validation over time frames, sizing, leverage, fees, the drawdown halt, all
stops, targets and trailing kinds, files of daily bars, and faults for the gate to find.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from tests.oracle.damaged_markets import faulty_rows, random_gate
from tests.oracle.random_markets import (
    SYMBOLS,
    Case,
    damaged_rows,
    random_settings,
)
from tests.oracle.reference.bars import (
    MINUTE,
    DailyRow,
    Row,
    SessionTimes,
    calendar_sessions,
)

# Each ends with the days that are traded; the days before warm up.
WINDOWS = (
    ("NYSE", date(2025, 6, 10), date(2025, 7, 7)),  # a holiday, a half-day, another holiday
    ("NYSE", date(2025, 11, 3), date(2025, 12, 1)),  # Thanksgiving and its half-day
    ("NYSE", date(2025, 2, 14), date(2025, 3, 11)),  # clocks go forward
    ("NYSE", date(2025, 10, 9), date(2025, 11, 4)),  # clocks go back
    ("LSE", date(2024, 11, 29), date(2024, 12, 27)),  # half-days that end at 12:30
    ("TSX", date(2024, 11, 29), date(2024, 12, 27)),
)
# Where a seed does not say otherwise.
TRADES_OFTEN = {"max_entries": 3, "min_body": -0.5, "entry_cutoff_minutes": 30}


def varied_case(seed: int) -> Case:
    """Return the market and configuration of a seed."""
    rng = np.random.default_rng([seed, 14])
    exchange, first, last = WINDOWS[int(rng.integers(len(WINDOWS)))]
    sessions = calendar_sessions(exchange, first, last)
    interval = int(rng.choice([1, 5, 5, 15, 15, 15, 30, 30, 60]))
    traded = int(rng.integers(2, 4 if interval <= 5 else 7))
    if rng.random() < 0.15:
        sessions = sessions[-int(rng.integers(2, 6)) :]
    first_traded = max(len(sessions) - traded, 0)
    symbols = SYMBOLS[: int(rng.integers(1, {1: 2, 5: 4}.get(interval, 6)))]
    level = float(rng.choice([0.4, 20.0, 20.0, 100.0, 480.0]))
    grid = {0.4: 0.0001, 20.0: 0.01}.get(level) or float(rng.choice([0.01, 0.05]))
    settings = {**TRADES_OFTEN, **random_settings(rng, interval, level, grid)}
    settings |= _later_settings(rng, interval, level)
    # Days of warming up that end soon after the opening range are quicker to go over.
    length = settings["range_minutes"] // interval + int(rng.integers(0, 8))
    if interval == 60 or rng.random() < 0.2:
        length = 1000
    short = set(sessions[: max(first_traded - int(rng.integers(0, 3)), 0)])
    # Some feeds count parts of shares.
    parts = 3 if rng.random() < 0.15 else 1
    rows: list[Row] = []
    for symbol in symbols:
        wildness = float(rng.choice([0.001, 0.003, 0.008])) * np.sqrt(interval / 15)
        volume = float(rng.choice([500, 20_000, 20_000, 1_000_000]))
        price = level * rng.uniform(0.8, 1.2)
        for session in sessions:
            bars = _bars(rng, session, interval, wildness, price, grid)
            if session in short:
                bars = bars[:length]
            volumes = np.floor(volume * rng.exponential(1.0, len(bars))) / parts
            rows += [
                (symbol, *bar, float(v)) for bar, v in zip(bars, volumes.tolist(), strict=True)
            ]
            price = bars[-1][4]
    if rng.random() < 0.25:
        rows = damaged_rows(rng, rows, sessions)
    if rng.random() < 0.25:
        rows = faulty_rows(rng, rows, sessions)
        settings |= random_gate(rng) if rng.random() < 0.5 else {}
    daily = None
    if rng.random() < 0.3:
        daily = _days(rng, exchange, sessions, symbols, level)
    return Case(
        seed,
        exchange,
        sessions,
        interval,
        symbols,
        float(rng.choice([5_000.0, 20_000.0, 100_000.0])),
        first_traded,
        _consistent(rng, settings, interval),
        tuple(rows),
        daily,
    )


def _bars(
    rng: np.random.Generator,
    session: SessionTimes,
    interval: int,
    wildness: float,
    price: float,
    grid: float,
) -> list[tuple[int, float, float, float, float]]:
    """Return a session's (start, open, high, low, close) of a walk on a grid."""
    _, opened, closed = session
    count = -((opened - closed) // (interval * MINUTE))
    closes = price * np.exp(np.cumsum(rng.normal(0, wildness, count)))
    opens = np.concatenate([[price * (1 + rng.normal(0, 2 * wildness))], closes[:-1]])
    reach = np.abs(rng.normal(0, wildness * 0.7, (2, count)))
    highs = np.maximum(opens, closes) * (1 + reach[0])
    lows = np.minimum(opens, closes) * (1 - reach[1])
    table = np.maximum(np.round(np.array([opens, highs, lows, closes]) / grid), 1.0) * grid
    starts = range(opened, closed, interval * MINUTE)
    return list(zip(starts, *table.tolist(), strict=True))


def _later_settings(rng: np.random.Generator, interval: int, level: float) -> dict[str, Any]:
    def pick(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    settings = {
        "direction": pick("both", "first_bar"),
        "stop": pick("range", "atr", "daily_atr", "percent"),
        "stop_daily_atr": pick(0.05, 0.1, 0.5),
        "stop_pct": pick(0.001, 0.005, 0.02),
        "target": pick("range", "atr", "daily_atr", "percent", "r", "none"),
        "target_pct": pick(0.001, 0.004, 0.02),
        "trailing": pick("none", "breakeven", "stepped", "atr", "dollars", "percent"),
        "trail_atr": pick(0.5, 1.0, 2.0),
        "trail_dollars": pick(0.001, 0.003, 0.01) * level,
        "trail_pct": pick(0.001, 0.004, 0.01),
        "min_price": pick(0.0, 0.0, 0.95 * level),
        "min_daily_atr": pick(0.0, 0.002 * level, 0.01 * level),
        "min_daily_volume": pick(0.0, 1e3, 1e5),
        "min_relative_opening_volume": pick(0.0, 0.1, 0.3, 0.7),
        "select_top": pick(0, 1, 1, 2, 3),
        "validation": pick(False, False, True),
        "validation_threshold": pick(60.0, 0.0, 20.0, 45.0, 71.42857142857143, 100.0),
        "sizing": pick("risk", "fixed_risk", "fixed_shares"),
        "risk_usd": pick(100.0, 5.0, 1000.0),
        "shares": pick(100, 1, 7, 5000),
        "max_shares": pick(0, 1, 60, 1000),
        "leverage": pick(1.0, 1.0, 2.0, 4.0, 1.7),
        "max_position_pct": pick(0.2, 0.5, 1.0),
        "max_drawdown_pct": pick(0.0, 0.0, 0.0, 0.002, 0.01, 0.05),
        "sec_fee_per_million": pick(0.0, 27.8, 5000.0),
        "taf_per_share": pick(0.0, 0.000166, 0.02),
        "taf_maximum": pick(8.3, 0.5, 0.0),
        "max_entries": pick(1, 2, 5),
        "min_body": pick(0.0, -1.0, 0.3),
        "entry_cutoff_minutes": pick(60, 0, 30, 120),
        "flatten_minutes": pick(5, 5, 30, 60),
        "max_daily_loss_pct": pick(0.03, 0.5, 0.5, 0.01),
        "max_orders_per_session": pick(50, 50, 4),
    }
    share = float(rng.choice([0.15, 0.4, 0.7]))
    settings = {
        name: value
        for name, value in settings.items()
        # Of days without a trade a few are enough.
        if rng.random() < (0.35 * share if name.startswith(("min_", "select")) else share)
    }
    if rng.random() < 0.5:
        settings |= {"entry": "stop", "direction": "first_bar"}
    if settings.get("leverage", 1.0) > 1:
        settings["max_position_pct"] = pick(1.5, 0.9, 1.0)
    return settings


def _consistent(
    rng: np.random.Generator, settings: dict[str, Any], interval: int
) -> dict[str, Any]:
    """Return settings that the rules take, and now and then some that they refuse."""
    if rng.random() < 0.02:
        return settings
    if settings.get("entry") == "stop":
        settings |= {"breakout_on": "close", "volume_filter": False}
    if interval > 15:
        settings["validation"] = False
    leverage = settings.get("leverage", 1.0)
    settings["max_position_pct"] = min(settings.get("max_position_pct", 0.2), leverage)
    return settings


def _days(
    rng: np.random.Generator,
    exchange: str,
    sessions: tuple[SessionTimes, ...],
    symbols: tuple[str, ...],
    level: float,
) -> tuple[DailyRow, ...]:
    """Return a file of days with the faults of such files; one symbol may be absent."""
    first = date.fromisoformat(sessions[0][0]) - timedelta(days=int(rng.integers(5, 40)))
    last = date.fromisoformat(sessions[-1][0]) + timedelta(days=2)
    days = [day for day, _, _ in calendar_sessions(exchange, first, last)]
    rows: list[DailyRow] = []
    for number, symbol in enumerate(symbols):
        if number > 0 and rng.random() < 0.2:
            continue
        price = level
        volume = float(rng.choice([2e4, 2e6]))
        for day in days:
            low, high = sorted(price * (1 + rng.normal(0, 0.01, 2)))
            o, c = rng.uniform(low, high, 2)
            rows.append(
                (
                    symbol,
                    day,
                    float(o),
                    float(high),
                    float(low),
                    float(c),
                    float(np.floor(volume * rng.uniform(0.5, 1.5))),
                )
            )
            price = float(c)
    if rng.random() < 0.5:
        rows = [row for row in rows if rng.random() >= 0.03]
        for _ in range(int(rng.integers(6))):
            at = int(rng.integers(len(rows)))
            symbol, day, o, h, low, c, volume = rows[at]
            spoiled: tuple[DailyRow, ...] = (
                (symbol, "2025-06-14", o, h, low, c, volume),  # a Saturday
                (symbol, day, o, o, low, 2 * o, volume),
                (symbol, day, o, h, low, c, -1.0),
                (symbol, day, o, float("nan"), low, c, volume),
                (symbol, day, 1.1 * o, 1.2 * h, low, 1.1 * c, volume),
                ("ZZZ", day, o, h, low, c, volume),
            )
            rows.insert(int(rng.integers(len(rows) + 1)), spoiled[int(rng.integers(len(spoiled)))])
    return tuple(rows)
