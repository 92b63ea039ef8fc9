"""The real bars and fixtures beside the repository; tests that need them skip without them."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.oracle.random_markets import Case
from tests.oracle.reference.bars import calendar_sessions
from tests.shared_data import REAL_BARS, SHARED


def shared_file(name: str) -> Path:
    """Return a file beside the repository, or skip the test and say which one is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return path


def real_case(
    settings: dict[str, Any], capital: float, name: str = REAL_BARS.name, interval: int = 5
) -> Case:
    """Return a whole file of real 5-minute bars as a case; `name` is that of the file."""
    frame = pl.read_parquet(shared_file(f"data/{name}")).with_columns(
        pl.col("ts").dt.epoch("us"), pl.col("volume").cast(pl.Float64)
    )
    return Case(
        0,
        "NYSE",
        calendar_sessions("NYSE", date(2025, 6, 4), date(2025, 8, 28)),
        interval,
        tuple(sorted(frame["symbol"].unique())),
        capital,
        0,
        settings,
        tuple(frame.iter_rows()),
    )


def expected_trades(name: str) -> list[tuple[Any, ...]]:
    """Return the trades of a third implementation, by session, symbol and entry time."""
    with shared_file(f"data/expected_trades_{name}.csv").open() as file:
        rows = [
            (
                row["symbol"],
                row["side"],
                int(row["quantity"]),
                round(datetime.fromisoformat(row["entry_time"]).timestamp()) * 1_000_000,
                float(row["entry_price"]),
                round(datetime.fromisoformat(row["exit_time"]).timestamp()) * 1_000_000,
                float(row["exit_price"]),
                row["exit_reason"],
                float(row["pnl"]),
            )
            for row in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda row: (row[3], row[0]))
