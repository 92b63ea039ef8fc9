"""What buying and holding would have come to over the same sessions, and how a run moves with it.

Alpha and beta are those of the least squares of session returns, without a riskless rate, as
empyrical's `alpha_beta` defines them: W. Sharpe, Capital Asset Prices (1964).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS, SESSIONS_A_YEAR, Ratios, ratios_of
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid

# What stands for a market, the broadest first: taken by themselves where a run trades them.
KNOWN = ("SPY", "VOO", "IVV", "VTI", "QQQ", "DIA", "IWM")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The prices of what is bought at the first open and held to the end, USD.

    `name` is what people call it, `source` where its prices come from. `session_close` (traded
    sessions) carries the last price over sessions without one, which `missing` counts.
    `bar_close` (bars of the traded sessions) is NaN where there is none, and None where only
    sessions are known.
    """

    name: str
    source: str
    first_open: float
    session_close: Floats
    bar_close: Floats | None
    missing: int = 0

    def session_returns(self) -> Floats:
        """Return a fraction a session: from the open to the close, then from close to close."""
        before = np.concatenate(([self.first_open], self.session_close[:-1]))
        return self.session_close / before - 1

    def worth_at(self, bars: Integers, grid: Grid, first: int, capital: float) -> Floats:
        """Return what a capital is worth at the closes of some bars of the traded sessions.

        Where only sessions are known a session's bars have the close before, and its last its own.
        """
        ends = grid.first_row[first + 1 :] - grid.first_row[first]
        session = np.searchsorted(ends, bars, side="right")
        before = np.concatenate(([self.first_open], self.session_close))[session]
        if self.bar_close is None:
            price = np.where(bars == ends[session] - 1, self.session_close[session], before)
        else:
            begin = np.concatenate(([0], ends[:-1]))[session]
            at = last_present(self.bar_close, bars, begin)
            price = np.where(at >= 0, self.bar_close[at], before)
        return price / self.first_open * np.float64(capital)


@dataclass(frozen=True, slots=True)
class Against:
    """A run against its benchmark; fractions, None where there are too few sessions.

    `alpha` is a year's return beyond what beta explains; `excess` the run's return less the
    benchmark's. `ratios` are the benchmark's own, its drawdown from its sessions' closes.
    """

    name: str
    source: str
    total_return: float
    excess: float
    alpha: float | None
    beta: float | None
    correlation: float | None
    ratios: Ratios
    missing_sessions: int


def against(benchmark: Benchmark, returns: Floats, total_return: float) -> Against:
    """Return how session returns of a run stand to its benchmark's."""
    theirs = benchmark.session_returns()
    held = float(benchmark.session_close[-1] / benchmark.first_open - 1)
    alpha = beta = correlation = None
    both = len(returns) >= FEWEST_SESSIONS_FOR_RATIOS and np.isfinite(returns).all()
    if both and np.ptp(theirs) > 0:
        deviation = theirs - theirs.mean()
        beta = float((deviation @ (returns - returns.mean())) / (deviation @ deviation))
        alpha = float((1 + (returns - beta * theirs).mean()) ** SESSIONS_A_YEAR - 1)
        if np.ptp(returns) > 0:
            correlation = float(np.corrcoef(returns, theirs)[0, 1])
    worth = benchmark.session_close / benchmark.first_open
    return Against(
        benchmark.name,
        benchmark.source,
        held,
        total_return - held,
        alpha,
        beta,
        correlation,
        ratios_of(theirs, worth, 1.0),
        benchmark.missing,
    )


def last_present(values: Floats, at: Integers, begin: Integers) -> Integers:
    """Return of each place the last at or before it, not before `begin`, with a value; else -1."""
    found = at.copy()
    looking = np.arange(len(at))
    while len(looking):
        looking = looking[found[looking] >= begin[looking]]
        looking = looking[np.isnan(values[found[looking]])]
        found[looking] -= 1
    return np.where(found >= begin, found, -1)


def benchmark_of_bars(
    name: str, source: str, opens: Floats, closes: Floats, grid: Grid, first: int
) -> Benchmark | None:
    """Return the benchmark of bars on a grid from its session `first` on, NaN where none is.

    None where the first or the last of these sessions has no bar.
    """
    ends = grid.first_row[first + 1 :] - grid.first_row[first]
    begins = np.concatenate(([0], ends[:-1]))
    at = last_present(closes, ends - 1, begins)
    if at[0] < 0 or at[-1] < 0:
        return None
    opened = opens[: int(ends[0])]
    first_open = float(opened[~np.isnan(opened)][0])
    known, missing = carried(np.where(at >= 0, closes[at], np.nan))
    return Benchmark(name, source, first_open, known, closes, missing)


def carried(values: Floats) -> tuple[Floats, int]:
    """Return values of which the first is known, each missing one that before it; and how many."""
    is_missing = np.isnan(values)
    last = np.maximum.accumulate(np.where(is_missing, 0, np.arange(len(values))))
    return values[last], int(np.count_nonzero(is_missing))
