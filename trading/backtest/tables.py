"""The rows of a run as tables with named columns, as files, reports and the ledger want them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading.backtest.run import Outcome
from trading.engine.tapes.decision_log import DecisionLog, parts_of
from trading.engine.tapes.trade_tape import FillRow, TradeRow
from trading.entries import USD
from trading.market.bars import Floats, Integers
from trading.market.calendar import Grid, to_microseconds
from trading.plan import RunPlan
from trading.reasons import ExitReason, FillLeg, Reason
from trading.selection.universe import ELIGIBLE

TIME = pl.Datetime("us", "UTC")
# In what a target counts, by the numbers of `trading.entries`.
_TARGET_KINDS = ("usd", "fraction", "r")
_TARGET_KIND = "target_kind"
_BESIDE = ("level", "score", "relative_opening_volume")


class _Columns(NamedTuple):
    """What every decision has."""

    us: NDArray[Any]
    symbol: NDArray[Any]
    reason: NDArray[Any]
    price: NDArray[Any]
    range_high: NDArray[Any]
    range_low: NDArray[Any]
    stop: NDArray[Any]
    target_offset: NDArray[Any]
    quantity: NDArray[Any]
    equity: NDArray[Any]


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
    (its START), symbol, reason, price, range_high, range_low (the strategy's two levels, whatever
    they are), stop, target_offset, quantity, atr, equity, level, score, relative_opening_volume,
    target_kind; null where a number was not reached. Names are enumerated; a file has them as text.
    """

    outcome: Outcome
    grid: Grid
    plan: RunPlan

    def __iter__(self) -> Iterator[pl.DataFrame]:
        dates = _Dates(self.grid)
        for log in parts_of(self.outcome.log):
            yield _decisions(log, dates, self.plan)


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


def universe_table(outcome: Outcome, grid: Grid, plan: RunPlan) -> pl.DataFrame | None:
    """Return what each session's selection judged, a row a symbol; None where nothing is selected.

    Columns: session, symbol, verdict (eligible, not_eligible or not_selected), rank by relative
    opening volume among those that could be chosen, open of the first bar, daily_atr,
    daily_volume, relative_opening_volume; null for what there was not.
    """
    universe = outcome.universe
    if universe is None:
        return None
    first, symbols = outcome.first_traded, len(plan.symbols)
    dates = np.array([each.date for each in grid.sessions[first:]], "datetime64[D]")
    sessions = len(dates)
    rank = universe.rank[first:].reshape(-1)
    verdict = universe.reason[first:].reshape(-1)
    words = tuple(ELIGIBLE if not reason else plan.word_of(reason) for reason in Reason)
    return pl.DataFrame(
        [
            _date("session", np.repeat(dates, symbols)),
            _named("symbol", plan.symbols, np.tile(np.arange(symbols), sessions)),
            _named("verdict", words, verdict),
            pl.Series("rank", rank).replace(0, None),
            _nullable("open", universe.price[first:].reshape(-1)),
            _nullable("daily_atr", universe.daily_atr[first:].reshape(-1)),
            _nullable("daily_volume", universe.daily_volume[first:].reshape(-1)),
            _nullable(
                "relative_opening_volume", universe.relative_opening_volume[first:].reshape(-1)
            ),
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


def _decisions(log: DecisionLog, dates: _Dates, plan: RunPlan) -> pl.DataFrame:
    at = _Columns(*map(log.column, _Columns._fields))
    symbols, reasons = plan.symbols, tuple(plan.word_of(reason) for reason in Reason)
    return pl.DataFrame(
        [
            _date("session", np.repeat(dates.of(log.start_us), log.at_bar)),
            _time("bar", at.us),
            _named("symbol", symbols, at.symbol, pl.Enum(symbols)),
            _named("reason", reasons, at.reason, pl.Enum(reasons)),
            _nullable("price", at.price),
            _nullable_price("range_high", at.range_high),
            _nullable_price("range_low", at.range_low),
            _nullable("stop", at.stop),
            _nullable("target_offset", at.target_offset),
            _whole("quantity", at.quantity),
            _of_beside(log, "atr"),
            _nullable("equity", at.equity),
            *_beside(log),
        ]
    )


def _beside(log: DecisionLog) -> list[pl.Series]:
    kinds = pl.Enum(_TARGET_KINDS)
    if _has_nothing_beside(log):
        kind = pl.repeat(_TARGET_KINDS[USD], len(log), dtype=kinds, eager=True).alias(_TARGET_KIND)
    else:
        kind = _named(_TARGET_KIND, _TARGET_KINDS, log.column(_TARGET_KIND), kinds)
    return [*(_of_beside(log, name) for name in _BESIDE), kind]


def _of_beside(log: DecisionLog, name: str) -> pl.Series:
    if _has_nothing_beside(log):
        return pl.repeat(None, len(log), dtype=pl.Float64, eager=True).alias(name)
    return _nullable(name, log.column(name))


def _has_nothing_beside(log: DecisionLog) -> bool:
    """Return whether the run kept nothing beside prices: what it made of that is all null."""
    return bool(log.tape.beside.shape[1] == 0)


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
