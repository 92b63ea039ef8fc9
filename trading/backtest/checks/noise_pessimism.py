"""What the rules give away on noise, where the path inside each bar is known.

A bar does not say in which order its prices came, and the rules take the worse. A stop entry that
fills inside its bar is stopped by any price of that bar beyond its stop, also by one of before the
entry; and in a bar that touches stop and target the stop wins, also where the target came first.
On a walk the order is known, and with it what each such trade would have been worth: the position
at the bar's close, which is a fair price of all that may come, or the target. A limit entry gives
nothing away in its own bar: a price that goes on to the stop passes the level first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trading.backtest.run import Outcome
from trading.engine.tapes.trade_tape import DecisionRow, TradeRow
from trading.engine.targets import target_level
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid
from trading.reasons import ENTER_LONG, EXIT_STOP

# Prices of a walk are whole cents; what differs by less is the same.
_SAME_USD = 1e-6
# Above every moment in microseconds, so that a symbol's moments follow those of the one before.
_SYMBOL = 1 << 52


def given_away(
    outcome: Outcome, grid: Grid, walk: NDArray[np.int32], step_usd: float, units: int
) -> Floats:
    """Return in R what the rules' pessimism took from each trade, 0 from most.

    `walk` is in steps as (bars, symbols, 1 + steps), element 0 of a bar its open; `units` is the
    tick in 0.0001 USD. The run has to have kept all decisions.
    """
    trade: TradeRow[Floats] = TradeRow(*outcome.trades.T)
    given = np.zeros(len(trade.symbol))
    stopped = np.flatnonzero(trade.exit_reason == EXIT_STOP)
    trade = TradeRow(*outcome.trades[stopped].T)
    row = np.searchsorted(grid.start_us, trade.exit_us)
    # From above for both sides: a short is the mirror of a long.
    path = trade.side[:, None] * (walk[row, trade.symbol.astype(np.int64)] * step_usd)
    entry, exit_price = trade.side * trade.entry_price, trade.side * trade.exit_price
    is_inside = (trade.entry_us == trade.exit_us) & (abs(entry - path[:, 0]) > _SAME_USD)
    at_entry = _first(_reaches(path, entry))
    at_stop = _first(path <= exit_price[:, None] + _SAME_USD, np.where(is_inside, at_entry, 0))
    target = trade.side * _targets(outcome, trade, units)
    at_target = _first(path >= target[:, None] - _SAME_USD)
    never = path.shape[1]
    worth = exit_price.copy()
    too_early = is_inside & (at_stop == never)
    worth[too_early] = path[too_early, -1]
    target_first = ~is_inside & (at_target < at_stop)
    worth[target_first] = np.maximum(target, path[:, 0])[target_first]
    risk = abs(trade.entry_price - trade.initial_stop)
    with np.errstate(divide="ignore", invalid="ignore"):
        given[stopped] = (worth - exit_price) / risk
    return given


def _reaches(path: Floats, level: Floats) -> NDArray[np.bool_]:
    """Return where paths are at a level or beyond it, seen from where they begin."""
    is_below = (path[:, 0] < level)[:, None]
    beyond: NDArray[np.bool_] = np.where(
        is_below, path >= level[:, None] - _SAME_USD, path <= level[:, None] + _SAME_USD
    )
    return beyond


def _first(is_there: NDArray[np.bool_], begin: Integers | int = 0) -> Integers:
    """Return the first true step of each path from its beginning on, how many there are if none."""
    steps = is_there.shape[1]
    late = is_there & (np.arange(steps) >= np.reshape(begin, (-1, 1)))
    found: Integers = np.where(late.any(axis=1), late.argmax(axis=1), steps)
    return found


def _targets(outcome: Outcome, trade: TradeRow[Floats], units: int) -> Floats:
    """Return the targets of trades, NaN for none."""
    decisions = outcome.decisions
    entered: DecisionRow[Floats] = DecisionRow(
        *decisions[DecisionRow(*decisions.T).reason >= ENTER_LONG].T
    )
    key = entered.symbol.astype(np.int64) * _SYMBOL + entered.us.astype(np.int64)
    order = np.argsort(key)
    wanted = trade.symbol.astype(np.int64) * _SYMBOL + trade.entry_us.astype(np.int64)
    # A symbol has one entry at a time: the last decision before the fill made it.
    made = order[np.searchsorted(key[order], wanted) - 1]
    return np.array(
        [
            target_level(
                trade.entry_price[n],
                trade.initial_stop[n],
                entered.target_offset[at],
                int(entered.target_kind[at]),
                bool(trade.side[n] > 0),
                units,
            )
            for n, at in enumerate(made)
        ]
    )
