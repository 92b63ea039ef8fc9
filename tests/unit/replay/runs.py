"""The same sessions twice: through the backtest, and bar by bar through the live session flow."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from blocks.ledger.ledger import DuckDBLedger
from flows.session.account.parts import PlainParts
from flows.session.request import SessionRequest
from flows.session.run_account import run_account
from tasks.backtest.request import BacktestRequest
from tasks.backtest.run import backtest

Row = dict[str, Any]
FIELDS = (
    "session",
    "symbol",
    "side",
    "quantity",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
    "exit_reason",
    "pnl",
    "pnl_pct",
    "r_multiple",
    "strategy",
)


@dataclass
class Case:
    """Which sessions of which bars, with which settings; bars None means simulated ones."""

    name: str
    start: date
    end: date
    bars: Path | None
    symbols: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    capital: float = 10_000.0
    interval_minutes: int = 5


def replayed(case: Case, folder: Path) -> tuple[list[Row], list[tuple[Any, float]]]:
    """Return the ledger's trades and equity after the live session flow."""
    request = SessionRequest(
        PlainParts(folder, case.bars),
        replay=f"{case.start}:{case.end}",
        symbols=case.symbols,
        settings=case.settings,
        capital=case.capital,
        interval_minutes=case.interval_minutes,
    )
    asyncio.run(run_account(request))
    return ledger_rows(folder, request.account)


def ledger_rows(folder: Path, account: str) -> tuple[list[Row], list[tuple[Any, float]]]:
    ledger = DuckDBLedger(folder, account)
    trades = ledger.query("SELECT * FROM trades ORDER BY exit_time, entry_time, session, number")
    equity = ledger.query("SELECT ts, equity FROM equity ORDER BY ts")
    rows = [{name: plain(row[name]) for name in FIELDS} for row in trades]
    return sorted(rows, key=trade_order), [(p["ts"], float(p["equity"])) for p in equity]


def backtested(case: Case) -> tuple[list[Row], list[tuple[Any, float]]]:
    """Return the backtest's trades and equity of the same sessions."""
    report = backtest(
        BacktestRequest(
            bars=case.bars,
            symbols=case.symbols,
            start=case.start,
            end=case.end,
            settings=case.settings,
            capital=case.capital,
            interval_minutes=case.interval_minutes,
        )
    )
    results = report.results()
    trades = [{name: plain(row[name]) for name in FIELDS} for row in results.trades.to_dicts()]
    return sorted(trades, key=trade_order), [tuple(row) for row in results.equity.rows()]


def plain(value: Any) -> Any:
    if isinstance(value, date) or value is None or isinstance(value, str):
        return value
    return round(float(value), 6)


def trade_order(row: Row) -> tuple[Any, ...]:
    return row["exit_time"], row["entry_time"], row["symbol"]


def first_difference(one: list[Row], other: list[Row]) -> str | None:
    """Return where two lists of trades differ first, field by field; None when they are equal."""
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        for name in FIELDS:
            same = a[name] == b[name]
            if isinstance(a[name], float) and isinstance(b[name], float):
                # The ledger keeps six decimals; a fill differs by 0.0001 at the least.
                same = abs(a[name] - b[name]) < 2.5e-6
            if not same:
                return f"trade {number} {a['symbol']} {a['session']}: {name} {a[name]} != {b[name]}"
    if len(one) != len(other):
        return f"{len(one)} trades != {len(other)} trades"
    return None


def damaged_copy(source: Path, target: Path, sessions: list[date], seed: int) -> Path:
    """Write a copy with rows lost, opening ranges torn, duplicates, invalid rows and a cut day.

    Some prices cannot be true: wicks, prints of a tenth, and a symbol that is split one night.
    """
    random = np.random.default_rng(seed)
    frame = pl.read_parquet(source)
    keep = pl.Series(random.random(frame.height) >= 0.02)
    frame = frame.filter(keep)
    opening = (pl.col("ts").dt.hour() == 13) & (pl.col("ts").dt.minute() == 30)
    torn = pl.Series(random.random(frame.height) < 0.15)
    frame = frame.with_columns(torn=torn).filter(~(opening & pl.col("torn"))).drop("torn")
    cut = sessions[int(random.integers(len(sessions)))]
    frame = frame.filter(~((pl.col("ts").dt.date() == cut) & (pl.col("ts").dt.hour() >= 17)))
    split = sessions[int(random.integers(1, len(sessions)))]
    is_split = (pl.col("symbol") == frame["symbol"][0]) & (pl.col("ts").dt.date() >= split)
    prices = ["open", "high", "low", "close"]
    frame = frame.with_columns(
        print_of=pl.Series(random.random(frame.height) < 0.003),
        wick=pl.Series(random.random(frame.height) < 0.003),
    )
    factor = pl.when(is_split | pl.col("print_of")).then(0.1).otherwise(1.0)
    frame = frame.with_columns(pl.col(name) * factor for name in prices)
    frame = frame.with_columns(
        high=pl.when(pl.col("wick")).then(pl.col("high") * 3).otherwise("high")
    )
    frame = frame.drop("print_of", "wick")
    bad = frame.sample(fraction=0.004, seed=seed).with_columns(high=pl.col("low") - 1.0)
    # A duplicate that comes later replaces the row before it.
    later = frame.sample(fraction=0.01, seed=seed + 1).with_columns(close=pl.col("open"))
    pl.concat([frame, later, bad]).write_parquet(target)
    return target


__all__ = ["Case", "backtested", "damaged_copy", "first_difference", "replayed"]
