"""What else the same trades and the same days could have come to, drawn again at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trading.market.bars import Floats, Integers
from trading.statistics.resampling import draw_sessions, mean_run

DEFAULT_SEED = 1
FEWEST_TRADES = FEWEST_SESSIONS = 20
RESAMPLES = 2000
FEWEST_RESAMPLES = 200
MOST_DRAWS = 10_000_000
_CHUNK_DRAWS = 1_000_000
_PERCENTS = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """The values below which so many hundredths lie; `p50` is the middle one."""

    p05: float
    p25: float
    p50: float
    p75: float
    p95: float


@dataclass(frozen=True, slots=True)
class Resampled:
    """What resamples came to: profit in USD, drawdown as a negative fraction of the highest equity.

    `loss_probability` is the share of resamples that end below the capital.
    """

    resamples: int
    final_profit: Percentiles
    max_drawdown: Percentiles
    loss_probability: float


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """Resamples of the trades and of the days; None where a note says why.

    Trades are drawn one by one, in USD, as if each were traded alone; days in runs of neighbours,
    as returns, so that what is gained is put to work.
    """

    trades: Resampled | None
    days: Resampled | None
    notes: tuple[str, ...]


def monte_carlo(
    trade_pnl: Floats, session_returns: Floats, capital: float, seed: int = DEFAULT_SEED
) -> MonteCarlo:
    """Draw a run's trades (USD each) and its session returns again, as many as there were."""
    notes: list[str] = []
    trades = days = None
    generator = np.random.default_rng(seed)
    if len(trade_pnl) < FEWEST_TRADES:
        notes.append(_too_few("trades", len(trade_pnl), FEWEST_TRADES))
    elif not np.isfinite(trade_pnl).all():
        notes.append("trades are not drawn again: the profit of one is no number")
    else:
        count = len(trade_pnl)
        trades = _resampled(
            count,
            capital,
            lambda size: generator.integers(0, count, size=(size, count)),
            lambda drawn: capital + np.cumsum(trade_pnl[drawn], axis=1),
        )
    sessions = len(session_returns)
    if sessions < FEWEST_SESSIONS:
        notes.append(_too_few("days", sessions, FEWEST_SESSIONS))
    elif not (np.isfinite(session_returns) & (session_returns > -1)).all():
        notes.append("days are not drawn again: the account lost all it had")
    else:
        run = mean_run(sessions)
        days = _resampled(
            sessions,
            capital,
            lambda size: draw_sessions(sessions, size, generator, run),
            lambda drawn: np.cumprod(1 + session_returns[drawn], axis=1) * np.float64(capital),
        )
    return MonteCarlo(trades, days, tuple(notes))


def _resampled(
    count: int,
    capital: float,
    draw: Callable[[int], Integers],
    equity_of: Callable[[Integers], Floats],
) -> Resampled:
    resamples = min(RESAMPLES, max(FEWEST_RESAMPLES, MOST_DRAWS // count))
    step = max(1, _CHUNK_DRAWS // count)
    final, drawdown = np.empty(resamples), np.empty(resamples)
    for begin in range(0, resamples, step):
        equity = equity_of(draw(min(step, resamples - begin)))
        highest = np.maximum(np.maximum.accumulate(equity, axis=1), capital)
        final[begin : begin + step] = equity[:, -1] - capital
        drawdown[begin : begin + step] = (equity / highest - 1).min(axis=1)
    return Resampled(
        resamples, _percentiles(final), _percentiles(drawdown), float((final < 0).mean())
    )


def _percentiles(values: Floats) -> Percentiles:
    return Percentiles(*np.percentile(values, _PERCENTS).tolist())


def _too_few(what: str, there: int, needed: int) -> str:
    return f"{what} are not drawn again: there are {there}, and fewer than {needed} say nothing"
