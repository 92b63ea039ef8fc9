"""What slippage takes from a result, and at which slippage nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trading.backtest.performance import Summary

# Basis points a side.
TRIED_BPS = (0.0, 1.0, 2.0, 5.0, 10.0)
HIGHEST_BPS = 100.0
PRECISION_BPS = 0.05


@dataclass(frozen=True, slots=True)
class CostRow:
    """The figures at a slippage of so many basis points a side; money in USD."""

    slippage_bps: float
    total_pnl: float
    total_return: float
    sharpe: float | None
    max_drawdown: float | None
    trades: int


@dataclass(frozen=True, slots=True)
class CostSensitivity:
    """A row a slippage, and the highest slippage at which the profit was still above nothing.

    `break_even_bps` is None where a note says why. Commissions are as the run has them.
    """

    rows: tuple[CostRow, ...]
    break_even_bps: float | None
    notes: tuple[str, ...]


def cost_sensitivity(run: Callable[[float], Summary]) -> CostSensitivity:
    """Run at several slippages, and between two of them by bisection until the profit is nothing.

    `run` is given the slippage in basis points a side. A profit that comes back at a higher
    slippage is an accident of whole shares: the lowest break-even counts.
    """
    rows = tuple(_row(bps, run(bps)) for bps in TRIED_BPS)
    if all(row.trades == 0 for row in rows):
        return CostSensitivity(rows, None, ("no break-even cost: there is no trade",))
    if not rows[0].total_pnl > 0:
        return CostSensitivity(
            rows, None, ("no break-even cost: it does not earn without slippage either",)
        )
    earns, loses = _bracket(run, rows)
    if loses is None:
        return CostSensitivity(
            rows, None, (f"no break-even cost: it still earns at {HIGHEST_BPS:g} bps a side",)
        )
    while loses - earns > PRECISION_BPS:
        middle = (earns + loses) / 2
        if run(middle).total_pnl > 0:
            earns = middle
        else:
            loses = middle
    return CostSensitivity(rows, earns, ())


def _bracket(
    run: Callable[[float], Summary], rows: tuple[CostRow, ...]
) -> tuple[float, float | None]:
    """Return the last slippage at which it earns, and the first at which it does not."""
    earns = 0.0
    for row in rows:
        if not row.total_pnl > 0:
            return earns, row.slippage_bps
        earns = row.slippage_bps
    while earns < HIGHEST_BPS:
        next_bps = min(2 * earns, HIGHEST_BPS)
        if not run(next_bps).total_pnl > 0:
            return earns, next_bps
        earns = next_bps
    return earns, None


def _row(slippage_bps: float, summary: Summary) -> CostRow:
    return CostRow(
        slippage_bps=slippage_bps,
        total_pnl=summary.total_pnl,
        total_return=summary.total_return,
        sharpe=summary.sharpe,
        max_drawdown=summary.max_drawdown,
        trades=summary.trades,
    )
