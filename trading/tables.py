"""The rows of a run as tables with named columns, as files, reports and the ledger want them."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading.backtest import Outcome
from trading.bars import Floats
from trading.calendar import Grid, to_microseconds
from trading.plan import RunPlan
from trading.reasons import EXIT_REASONS, LEGS, REASONS
from trading.tape import DECISION_COLUMNS, FILL_COLUMNS, TRADE_COLUMNS

TIME = pl.Datetime("us", "UTC")


def trades_table(outcome: Outcome, grid: Grid, plan: RunPlan) -> pl.DataFrame:
    """Return one row a trade, by exit time, entry time and the configured order of symbols.

    Columns: session, symbol, side, quantity, entry_time, entry_price, exit_time, exit_price,
    exit_reason, pnl, pnl_pct, r_multiple (null when R is 0), strategy.
    """
    at = {name: outcome.trades[:, number] for number, name in enumerate(TRADE_COLUMNS)}
    order = np.lexsort((at["symbol"], at["entry_us"], at["exit_us"]))
    at = {name: column[order] for name, column in at.items()}
    return pl.DataFrame(
        [
            _session("session", at["entry_us"], grid),
            _named("symbol", plan.symbols, at["symbol"]),
            _named("side", ("short", "long"), at["side"] > 0),
            _whole("quantity", at["quantity"]),
            _time("entry_time", at["entry_us"]),
            pl.Series("entry_price", at["entry_price"]),
            _time("exit_time", at["exit_us"]),
            pl.Series("exit_price", at["exit_price"]),
            _named("exit_reason", EXIT_REASONS, at["exit_reason"]),
            pl.Series("pnl", at["pnl"]),
            pl.Series("pnl_pct", at["pnl_pct"]),
            _nullable("r_multiple", at["r_multiple"]),
            pl.Series("strategy", [plan.strategy_name] * len(order), dtype=pl.String),
        ]
    )


def decisions_table(outcome: Outcome, grid: Grid, plan: RunPlan) -> pl.DataFrame:
    """Return one row a decision that was kept, in the order in which they were made.

    Columns: session, bar (its START), symbol, reason, price, range_high, range_low, stop,
    target_offset, quantity, atr, equity; null where a number was not reached.
    """
    at = {name: outcome.log.column(name) for name in DECISION_COLUMNS}
    return pl.DataFrame(
        [
            _session("session", at["us"], grid),
            _time("bar", at["us"]),
            _named("symbol", plan.symbols, at["symbol"]),
            _named("reason", REASONS, at["reason"]),
            _nullable("price", at["price"]),
            # A strategy's memory begins a session with zeros, and no price is zero.
            _nullable("range_high", np.where(at["range_high"] == 0, np.nan, at["range_high"])),
            _nullable("range_low", np.where(at["range_low"] == 0, np.nan, at["range_low"])),
            _nullable("stop", at["stop"]),
            _nullable("target_offset", at["target_offset"]),
            _whole("quantity", at["quantity"]),
            _nullable("atr", at["atr"]),
            _nullable("equity", at["equity"]),
        ]
    )


def equity_table(outcome: Outcome) -> pl.DataFrame:
    """Return the account's value at each bar's close: ts (the bar's START) and equity, USD."""
    return pl.DataFrame([_time("ts", outcome.equity_us), pl.Series("equity", outcome.equity)])


def fills_table(outcome: Outcome, grid: Grid, plan: RunPlan) -> pl.DataFrame:
    """Return one row a fill, in order: quantity in shares, buys positive; commission in USD.

    Columns: session, bar (its START), symbol, leg, quantity, price, commission.
    """
    at = {name: outcome.fills[:, number] for number, name in enumerate(FILL_COLUMNS)}
    return pl.DataFrame(
        [
            _session("session", at["us"], grid),
            _time("bar", at["us"]),
            _named("symbol", plan.symbols, at["symbol"]),
            _named("leg", LEGS, at["leg"]),
            _whole("quantity", at["quantity"]),
            pl.Series("price", at["price"]),
            pl.Series("commission", at["commission"]),
        ]
    )


def _session(name: str, us: Floats, grid: Grid) -> pl.Series:
    opens = np.array([to_microseconds(session.open) for session in grid.sessions], dtype=np.int64)
    dates = np.array([session.date for session in grid.sessions], dtype="datetime64[D]")
    return pl.Series(name, dates[np.searchsorted(opens, us, side="right") - 1], dtype=pl.Date)


def _time(name: str, us: Floats | NDArray[np.int64]) -> pl.Series:
    return pl.Series(name, us.astype(np.int64)).cast(TIME)


def _named(name: str, names: tuple[str, ...], number: Floats | NDArray[np.bool_]) -> pl.Series:
    return pl.Series(name, names, dtype=pl.String).gather(number.astype(np.int64))


def _whole(name: str, values: Floats) -> pl.Series:
    return pl.Series(name, values.astype(np.int64))


def _nullable(name: str, values: Floats) -> pl.Series:
    return pl.Series(name, values).fill_nan(None)
