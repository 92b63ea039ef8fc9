"""The market of the benchmarks: seeded random bars of many symbols, as a panel or a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from trading.market.bars import Floats
from trading.market.calendar import Session, make_grid, sessions_between
from trading.market.panel import Defects, Panel

SEED = 20_250_611
SYMBOLS = 100
INTERVAL_MINUTES = 5
FIRST_DATE, LAST_DATE = date(2015, 1, 2), date(2025, 12, 31)
# A thin symbol has no bar now and then; this share of bars is left out.
MISSING = 0.004
_STEPS_INSIDE_BAR = 3
_BAR_VOLATILITY = 0.0018
_NIGHT_VOLATILITY = 0.008


@dataclass(frozen=True, slots=True)
class Market:
    """A panel with so many bars, counting one symbol's bar as one; nearly all are present."""

    panel: Panel
    bars: int


def make_market(
    bars: int = 0, symbols: int = SYMBOLS, sessions: list[Session] | None = None
) -> Market:
    """Return the seeded market of some sessions, or the last ones that hold so many bars.

    Prices are whole cents from driftless walks with a jump overnight; bars open where the walk
    is, and their extremes are those of a few steps.
    """
    grid = make_grid(sessions or _sessions(bars, symbols), INTERVAL_MINUTES)
    rng = np.random.default_rng(SEED)
    shape = (grid.rows, symbols)
    first = grid.first_row[:-1]
    noise = rng.standard_normal((grid.rows, symbols, _STEPS_INSIDE_BAR), dtype=np.float32)
    noise *= _BAR_VOLATILITY / np.sqrt(_STEPS_INSIDE_BAR)
    path = np.cumsum(noise, axis=2, dtype=np.float64)
    del noise
    jump = np.zeros(shape)
    jump[first] = _NIGHT_VOLATILITY * rng.standard_normal((len(first), symbols))
    opened = np.cumsum(jump, axis=0)
    opened[1:] += np.cumsum(path[:-1, :, -1], axis=0)
    # Ten years of a walk lead anywhere: every price is pulled back into one decade.
    start = np.log(20 * 15 ** rng.random(symbols))
    opened = start + 1.2 * np.tanh(opened / 1.2)
    path += opened[:, :, None]
    close = path[:, :, -1].copy()
    high = np.maximum(opened, path.max(axis=2))
    low = np.minimum(opened, path.min(axis=2))
    del path, jump
    volume = np.floor(np.exp(9.5 + 0.6 * rng.standard_normal(shape)))
    columns = [np.floor(np.exp(values) * 100 + 0.5) / 100 for values in (opened, high, low, close)]
    missing = rng.random(shape) < MISSING
    for values in (*columns, volume):
        values[missing] = np.nan
    names = tuple(f"SYM{number:03d}" for number in range(symbols))
    defects = Defects(rows=int(missing.size - missing.sum()), missing=int(missing.sum()))
    panel = Panel(
        grid,
        names,
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        volume,
        defects,
        # As loading would see, too.
        has_zero_volume=bool((volume == 0).any()),
    )
    return Market(panel, close.size)


def write_market(market: Market, path: Path) -> None:
    """Write the bars that are present as one Parquet file, by symbol and time."""
    panel = market.panel
    by_symbol = [np.ascontiguousarray(values.T).ravel() for values in panel.prices]
    present = ~np.isnan(by_symbol[3])
    count = len(panel.symbols)
    start_us = np.tile(panel.grid.start_us, count)[present]
    code = np.repeat(np.arange(count), panel.grid.rows)[present]
    numbers: list[Floats] = [values[present] for values in by_symbol]
    pl.DataFrame(
        [
            pl.Series("symbol", panel.symbols, dtype=pl.String).gather(code),
            pl.Series("ts", start_us).cast(pl.Datetime("us", "UTC")),
            *(
                pl.Series(name, values)
                for name, values in zip(
                    ("open", "high", "low", "close", "volume"), numbers, strict=True
                )
            ),
        ]
    ).write_parquet(path)


def _sessions(bars: int, symbols: int) -> list[Session]:
    sessions = sessions_between("NYSE", FIRST_DATE, LAST_DATE)
    wanted, found = -(-bars // symbols), 0
    for number, session in enumerate(reversed(sessions), start=1):
        found += session.bar_count(INTERVAL_MINUTES)
        if found >= wanted:
            return sessions[-number:]
    raise ValueError(f"{bars} bars of {symbols} symbols are more than the calendar has")
