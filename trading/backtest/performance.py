"""What a run earned and how: the figures of rules section 7."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from trading.backtest.held_bars import CountHeld, count_held_by_numpy
from trading.backtest.ratios import FEWEST_SESSIONS_FOR_RATIOS, ratios_of
from trading.backtest.resampling import Resample, means_of_resamples, resample_by_numpy
from trading.engine.tapes.trade_tape import FillRow, TradeRow
from trading.market.bars import Floats, Integers
from trading.market.calendar import MICROSECONDS_PER_MINUTE, Grid
from trading.reasons import COUNTED_EXITS, ExitReason

DEFAULT_SEED = 1


Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Course(Protocol):
    """What of a run its figures are made of; an `Outcome` has it and says what each is."""

    @property
    def fills(self) -> Floats:
        """Return the fills, one row each."""
        ...

    @property
    def trades(self) -> Floats:
        """Return the trades, one row each."""
        ...

    @property
    def equity(self) -> Floats:
        """Return the equity at each close of the traded sessions, USD."""
        ...

    @property
    def equity_us(self) -> Integers:
        """Return the START of those bars."""
        ...

    @property
    def first_traded(self) -> int:
        """Return the first session that is traded."""
        ...


@dataclass(frozen=True, slots=True)
class SideFigures:
    """Trades of one side: how many, how many of them earned, and their sum in USD."""

    trades: int
    wins: int
    pnl: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of one run; money in USD, fractions as fractions, None where undefined.

    `exposure` is the share of bars in which a position is held, counting the bars of its first
    and last fill; `turnover` the traded value, both sides, over the mean equity; `expectancy_r`
    the mean of the trades' R multiples, with a 95 % bootstrap interval; `max_drawdown` that of
    the equity per bar, negative; `session_returns` one fraction a session. `exit_reasons` leaves
    assumed closes out, which are no fills and are counted in `assumed_closes`.
    """

    sessions: int
    bars: int
    initial_equity: float
    final_equity: float
    total_pnl: float
    total_return: float
    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float | None
    exposure: float | None
    turnover: float | None
    trades: int
    win_rate: float | None
    profit_factor: float | None
    expectancy_r: float | None
    expectancy_r_low: float | None
    expectancy_r_high: float | None
    average_duration_minutes: float | None
    exit_reasons: dict[str, int]
    assumed_closes: int
    long: SideFigures
    short: SideFigures
    session_returns: tuple[float, ...]

    @property
    def is_told_by_year(self) -> bool:
        """Return whether there are sessions enough for people to be told a year's figure.

        What one day earned, raised to 252 days, is no year that anybody will see.
        """
        return self.sessions >= FEWEST_SESSIONS_FOR_RATIOS

    def as_dict(self) -> dict[str, Json]:
        """Return the figures as JSON-ready values: NaN and infinities become null."""
        return {field.name: _json(getattr(self, field.name)) for field in fields(self)}


def summarise(
    outcome: Course,
    grid: Grid,
    capital: float,
    *,
    seed: int = DEFAULT_SEED,
    resample: Resample = resample_by_numpy,
    count_held: CountHeld = count_held_by_numpy,
) -> Summary:
    """Return the figures of an outcome on its grid, from a starting capital in USD.

    `resample` is how the bootstrap adds up its draws and `count_held` how bars with positions are
    counted, which makes no difference but in time.
    """
    trades, equity = trade_columns(outcome), outcome.equity
    pnl, side = trades.pnl, trades.side
    reasons = np.bincount(trades.exit_reason.astype(np.int64), minlength=len(ExitReason))
    multiples = trades.r_multiple[np.isfinite(trades.r_multiple)]
    interval = bootstrap_interval(multiples, seed=seed, resample=resample)
    returns = session_returns(outcome, grid, capital)
    ratios = ratios_of(returns, equity, capital)
    final = float(equity[-1]) if len(equity) else capital
    held_us = trades.exit_us - trades.entry_us
    return Summary(
        sessions=len(returns),
        bars=len(equity),
        initial_equity=capital,
        final_equity=final,
        total_pnl=float(pnl.sum()),
        total_return=final / capital - 1,
        annual_return=ratios.annual_return,
        annual_volatility=ratios.annual_volatility,
        sharpe=ratios.sharpe,
        sortino=ratios.sortino,
        max_drawdown=ratios.max_drawdown,
        exposure=exposure(trades, outcome.equity_us, count_held),
        turnover=turnover(outcome),
        trades=len(pnl),
        win_rate=_mean((pnl > 0).astype(np.float64)),
        profit_factor=profit_factor(pnl),
        expectancy_r=_mean(multiples),
        expectancy_r_low=interval[0] if interval else None,
        expectancy_r_high=interval[1] if interval else None,
        average_duration_minutes=_mean(held_us / MICROSECONDS_PER_MINUTE),
        exit_reasons={each.word: int(reasons[each.value]) for each in COUNTED_EXITS},
        assumed_closes=int(reasons[ExitReason.ASSUMED_CLOSE.value]),
        long=_side_figures(pnl[side > 0]),
        short=_side_figures(pnl[side < 0]),
        session_returns=tuple(returns.tolist()),
    )


def trade_columns(outcome: Course) -> TradeRow[Floats]:
    """Return the trades of an outcome as columns."""
    # Each column by itself: what is looked at again and again is then close together.
    return TradeRow(*np.ascontiguousarray(outcome.trades.T))


def session_returns(outcome: Course, grid: Grid, capital: float) -> Floats:
    """Return one return a traded session, between the equities at the sessions' last bars."""
    ends = grid.first_row[outcome.first_traded + 1 :] - grid.first_row[outcome.first_traded]
    return _returns(outcome.equity[ends - 1], capital)


def profit_factor(pnl: Floats) -> float | None:
    """Return gains over losses, infinity without a loss, None without either."""
    gained, lost = float(pnl[pnl > 0].sum()), float(-pnl[pnl < 0].sum())
    if lost > 0:
        return gained / lost
    return math.inf if gained > 0 else None


def exposure(
    trades: TradeRow[Floats], equity_us: Integers, count_held: CountHeld = count_held_by_numpy
) -> float | None:
    """Return the share of bars in which a position is held, its first and last bar counted."""
    bars = len(equity_us)
    if bars == 0:
        return None
    more = np.empty(bars + 1, dtype=np.int64)
    count_held(trades.entry_us.astype(np.int64), trades.exit_us.astype(np.int64), equity_us, more)
    return float(np.count_nonzero(np.cumsum(more)) / bars)


def turnover(outcome: Course) -> float | None:
    """Return the value of all fills, both sides, over the mean equity; None without equity."""
    mean_equity = _mean(outcome.equity)
    if mean_equity is None or mean_equity <= 0:
        return None
    fills: FillRow[Floats] = FillRow(*outcome.fills.T)
    return float(np.abs(fills.quantity * fills.price).sum()) / mean_equity


def _returns(values: Floats, first: float) -> Floats:
    before = np.concatenate(([first], values[:-1])) if len(values) else values
    with np.errstate(all="ignore"):
        returns: Floats = values / before - 1
    return returns


def _side_figures(pnl: Floats) -> SideFigures:
    return SideFigures(len(pnl), int(np.count_nonzero(pnl > 0)), float(pnl.sum()))


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _json(value: object) -> Json:
    if isinstance(value, SideFigures):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(name): _json(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_json(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int | str):
        return value
    raise TypeError(f"a summary holds no {type(value).__name__}")


RESAMPLES = 2000
FEWEST_RESAMPLES = 200
# Beyond 1,000 values resamples give way to time: the mean of so many hardly moves.
MOST_DRAWS = 2_000_000


def bootstrap_interval(
    values: Floats,
    *,
    seed: int,
    confidence: float = 0.95,
    resample: Resample = resample_by_numpy,
) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval of the mean, None for fewer than two values."""
    count = len(values)
    if count < 2:
        return None
    resamples = min(RESAMPLES, max(FEWEST_RESAMPLES, MOST_DRAWS // count))
    means = np.sort(means_of_resamples(values, resamples, seed, resample))
    tail = (1 - confidence) / 2
    return _quantile(means, tail), _quantile(means, 1 - tail)


def _quantile(ascending: Floats, share: float) -> float:
    """Return what lies between the two nearest values, as numpy's `quantile` does by itself."""
    exact = share * (len(ascending) - 1)
    below = math.floor(exact)
    above = min(below + 1, len(ascending) - 1)
    low, high = float(ascending[below]), float(ascending[above])
    return low + (high - low) * (exact - below)
