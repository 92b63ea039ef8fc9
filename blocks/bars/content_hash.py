"""A hash of bars as the engine reads them, whatever files they came from."""

from __future__ import annotations

import json

import numpy as np
import xxhash

from trading.market.bars import NUMBERS, BarRows, Floats
from trading.market.calendar import to_microseconds
from trading.market.panel import Panel
from trading.market.parallel import for_each


class BarHashes:
    """The hashes of the bars that a run traded, and of those before them that only warmed up.

    Equal hashes mean equal symbols in the same order, equal bars of the calendar and equal
    numbers in them. The sessions from `first_traded` on, `sessions` of them or all, are those that
    were traded. `past` is None without sessions before them, and both are where a panel's bars
    were never all in memory.
    """

    def __init__(self, panel: Panel, first_traded: int, sessions: int | None = None) -> None:
        begin = int(panel.grid.first_row[first_traded])
        behind = None if sessions is None else first_traded + sessions
        is_to_end = behind is None or behind >= len(panel.grid.sessions)
        end = panel.grid.rows if is_to_end else int(panel.grid.first_row[behind])
        is_there = len(panel.close) == panel.grid.rows and panel.close.size > 0
        self.traded = _hash_of(panel, begin, end) if is_there else None
        self.past = _hash_of(panel, 0, begin) if is_there and begin > 0 else None


def rows_hash(rows: BarRows) -> str:
    """Return a hash of rows as they stand, "" of none."""
    if not len(rows):
        return ""
    digest = xxhash.xxh3_128()
    for array in (rows.symbol, rows.start_us, *(getattr(rows, name) for name in NUMBERS)):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _hash_of(panel: Panel, begin: int, end: int) -> str:
    grid = panel.grid
    said = [
        panel.symbols,
        grid.interval_minutes,
        [
            (to_microseconds(session.open), to_microseconds(session.close))
            for session, first in zip(grid.sessions, grid.first_row.tolist(), strict=False)
            if begin <= first < end
        ],
    ]
    arrays: list[Floats] = [getattr(panel, name)[begin:end] for name in NUMBERS]
    digest = xxhash.xxh3_128(json.dumps(said).encode())
    for part in for_each(_digest, arrays):
        digest.update(part)
    return digest.hexdigest()


def _digest(array: Floats) -> bytes:
    return xxhash.xxh3_128_digest(np.ascontiguousarray(array).data)
