"""Seeded markets with the faults that the data gate is for, and gates of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.oracle.random_markets import Case, random_case
from tests.oracle.reference.bars import Row, SessionTimes

# What a fault does to the prices of a row, at times to all that follow it.
SPLITS = (0.1, 0.25, 0.5, 0.75, 1.35, 2.0, 10.0, 1000.0)


def damaged_case(seed: int) -> Case:
    """Return the random market of a seed with faults, and with a gate of its own."""
    case = random_case(seed)
    rng = np.random.default_rng([seed, 9])
    rows = faulty_rows(rng, list(case.rows), case.sessions)
    settings = {**case.settings, **random_gate(rng)}
    if rng.random() < 0.5:
        # What the gate forgets is seen by what reads the past.
        settings |= {"stop": "atr", "volatility_factor": 0.3}
    return replace(case, rows=tuple(rows), settings=settings)


def random_gate(rng: np.random.Generator) -> dict[str, Any]:
    def pick(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    gate = {
        "gate_spike": pick(0.0, 0.2, 0.2, 0.05, 0.01),
        "gate_jump": pick(0.0, 0.3, 0.3, 0.1, 0.02, 0.005),
        "gate_gap": pick(0.0, 0.4, 0.4, 0.1, 0.02),
        "gate_stale": pick(0, 6, 3, 1, 2),
        "gate_zero_volume": pick(True, True, False),
    }
    return {} if rng.random() < 0.3 else gate


def faulty_rows(
    rng: np.random.Generator, rows: list[Row], sessions: tuple[SessionTimes, ...]
) -> list[Row]:
    if not rows:
        return rows
    for _ in range(int(rng.integers(1, 7))):
        # Most faults of vendors lie in one symbol, and begin at one bar.
        symbol, begin = rows[int(rng.integers(len(rows)))][:2]
        mine = sorted({row[1] for row in rows if row[0] == symbol and row[1] >= begin})
        kind = str(rng.choice(["spike", "jump", "held", "split", "first", "stale", "zero"]))
        length = int(rng.integers(1, 12))
        if kind == "first":
            starts = [opened for _, opened, _ in sessions]
            chosen = set(mine[:1] if rng.random() < 0.3 else starts)
        elif kind in ("spike", "jump"):
            chosen = set(mine[: int(rng.integers(1, 3))])
        elif kind == "split":
            chosen = set(mine)
        else:
            chosen = set(mine[:length])
        factor = float(rng.choice(SPLITS))
        rows = [
            _faulty(row, kind, factor) if row[0] == symbol and row[1] in chosen else row
            for row in rows
        ]
        if kind == "stale":
            rows = _stopped(rows, symbol, chosen)
    return rows


def _faulty(row: Row, kind: str, factor: float) -> Row:
    symbol, start, o, h, low, c, volume = row
    if kind == "zero":
        return (symbol, start, o, h, low, c, 0.0)
    if kind == "spike":
        return (symbol, start, o, max(h, h * factor), min(low, low * factor), c, volume)
    if kind == "stale":
        return row
    return (symbol, start, o * factor, h * factor, low * factor, c * factor, volume)


def _stopped(rows: list[Row], symbol: str, chosen: set[int]) -> list[Row]:
    """Return rows in which a symbol repeats the close before, bar after bar."""
    before = [row for row in rows if row[0] == symbol and row[1] < min(chosen, default=0)]
    if not before:
        return rows
    price = max(before, key=lambda row: row[1])[5]
    return [
        (row[0], row[1], price, price, price, price, row[6])
        if row[0] == symbol and row[1] in chosen
        else row
        for row in rows
    ]
