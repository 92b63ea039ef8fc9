"""The rows of a run as tables with named columns, as files, reports and the ledger want them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading.backtest.run import Outcome
from trading.engine.decision_log import DecisionLog, parts_of
from trading.engine.trade_tape import DecisionRow, FillRow, TradeRow
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid, to_microseconds
from trading.plan import RunPlan
from trading.reasons import ExitReason, FillLeg, Reason

TIME = pl.Datetime("us", "UTC")
_REASONS = tuple(reason.word for reason in Reason)
_EXITS = tuple(reason.word for reason in ExitReason)
_LEGS = tuple(leg.word for leg in FillLeg)


def trades_table(outcome: Outcome, grid: Grid, plan: RunPlan) -> pl.DataFrame:
    """Return one row a trade, by exit time, entry time and the configured order of symbols.

    Columns: session, symbol, side, quantity, entry_time, entry_price, exit_time, exit_price,
    exit_reason, pnl, pnl_pct, r_multiple (null when R is 0), strategy.
    """
    at: TradeRow[Floats] = TradeRow(*outcome.trades.T)
    order = np.lexsort((at.symbol, at.entry_us, at.exit_us))
    at = TradeRow(*outcome.trades[order].T)
    return pl.DataFrame(
        [
            _date("session", _Dates(grid).of(at.entry_us)),
            _named("symbol", plan.symbols, at.symbol),
            _named("side", ("short", "long"), at.side > 0),
            _whole("quantity", at.quantity),
            _time("entry_time", at.entry_us),
            pl.Series("entry_price", at.entry_price),
            _time("exit_time", at.exit_us),
            pl.Series("exit_price", at.exit_price),
            _named("exit_reason", _EXITS, at.exit_reason),
            pl.Series("pnl", at.pnl),
            pl.Series("pnl_pct", at.pnl_pct),
            _nullable("r_multiple", at.r_multiple),
            pl.Series("strategy", [plan.strategy_name] * len(order), dtype=pl.String),
        ]
    )


@dataclass(frozen=True, slots=True)
class DecisionTables:
    """The decisions that were kept, in the order in which they were made, as parts of one table.

    Iterating makes the parts one by one, at least one, a row a decision. Columns: session, bar
    (its START), symbol, reason, price, range_high, range_low, stop, target_offset, quantity, atr,
    equity; null where a number was not reached. Names are enumerated; a file has them as text.
    """

    outcome: Outcome
    grid: Grid
    plan: RunPlan

    def __iter__(self) -> Iterator[pl.DataFrame]:
        dates = _Dates(self.grid)
        for log in parts_of(self.outcome.log):
            yield _decisions(log, dates, self.plan.symbols)


def equity_table(outcome: Outcome) -> pl.DataFrame:
    """Return the account's value at each bar's close: ts (the bar's START) and equity, USD."""
    return pl.DataFrame([_time("ts", outcome.equity_us), pl.Series("equity", outcome.equity)])


def fills_table(outcome: Outcome, grid: Grid, plan: RunPlan) -> pl.DataFrame:
    """Return one row a fill, in order: quantity in shares, buys positive; commission in USD.

    Columns: session, bar (its START), symbol, leg, quantity, price, commission.
    """
    at: FillRow[Floats] = FillRow(*outcome.fills.T)
    return pl.DataFrame(
        [
            _date("session", _Dates(grid).of(at.us)),
            _time("bar", at.us),
            _named("symbol", plan.symbols, at.symbol),
            _named("leg", _LEGS, at.leg),
            _whole("quantity", at.quantity),
            pl.Series("price", at.price),
            pl.Series("commission", at.commission),
        ]
    )


class _Dates:
    """The sessions' dates by their opens."""

    def __init__(self, grid: Grid) -> None:
        self._opens = np.array([to_microseconds(each.open) for each in grid.sessions], np.int64)
        self._dates = np.array([each.date for each in grid.sessions], "datetime64[D]")

    def of(self, us: Floats | Integers) -> NDArray[np.datetime64]:
        """Return the date of the session that each moment lies in."""
        return self._dates[np.searchsorted(self._opens, us, side="right") - 1]


def _decisions(log: DecisionLog, dates: _Dates, symbols: tuple[str, ...]) -> pl.DataFrame:
    at: DecisionRow[NDArray[Any]] = DecisionRow(*map(log.column, DecisionRow._fields))
    return pl.DataFrame(
        [
            _date("session", np.repeat(dates.of(log.start_us), log.at_bar)),
            _time("bar", at.us),
            _named("symbol", symbols, at.symbol, pl.Enum(symbols)),
            _named("reason", _REASONS, at.reason, pl.Enum(_REASONS)),
            _nullable("price", at.price),
            _nullable_price("range_high", at.range_high),
            _nullable_price("range_low", at.range_low),
            _nullable("stop", at.stop),
            _nullable("target_offset", at.target_offset),
            _whole("quantity", at.quantity),
            _nullable("atr", at.atr),
            _nullable("equity", at.equity),
        ]
    )


def _date(name: str, dates: NDArray[np.datetime64]) -> pl.Series:
    return pl.Series(name, dates, dtype=pl.Date)


def _time(name: str, us: Floats | Integers) -> pl.Series:
    return pl.Series(name, us.astype(np.int64)).cast(TIME)


def _named(
    name: str,
    names: tuple[str, ...],
    number: NDArray[Any],
    kind: type[pl.String] | pl.Enum = pl.String,
) -> pl.Series:
    return pl.Series(name, names, dtype=kind).gather(number.astype(np.int64))


def _whole(name: str, values: Floats) -> pl.Series:
    return pl.Series(name, values.astype(np.int64))


def _nullable(name: str, values: Floats) -> pl.Series:
    return pl.Series(name, values, nan_to_null=True)


def _nullable_price(name: str, values: Floats) -> pl.Series:
    # A strategy's memory begins a session with zeros, and no price is zero.
    return _nullable(name, np.where(values == 0, np.nan, values) if (values == 0).any() else values)
