"""What a session's selection judged of a symbol, as a ledger or a backtest's results keep it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocks.ledger.ledger import DuckDBLedger
from blocks.records.signal import Signal
from blocks.results.run_folder import UNIVERSE
from trading.errors import BadInput


def judged_in_ledger(data_dir: Path, account: str, signal: Signal) -> list[str]:
    """Return what was judged of a signal's symbol in its session, a line or none."""
    ledger = DuckDBLedger(data_dir, account)
    sql = "SELECT table_name FROM information_schema.tables WHERE table_name = 'universe'"
    if not ledger.query(sql):
        # A ledger that an earlier version wrote last has none.
        return []
    sql = "SELECT * FROM universe WHERE session = ? AND symbol = ?"
    return [_line(row) for row in ledger.query(sql, [signal.session, signal.symbol])]


def judged_in_results(folder: Path, signal: Signal) -> list[str]:
    """Return the same of a backtest's results."""
    path = folder / UNIVERSE
    if not path.exists():
        return []
    import polars as pl

    try:
        rows = (
            pl.scan_parquet(path)
            .filter((pl.col("session") == signal.session) & (pl.col("symbol") == signal.symbol))
            .collect()
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(f"{path} cannot be read: {error}", "Run the backtest again") from error
    return [_line(row) for row in rows.to_dicts()]


def _line(row: Mapping[str, Any]) -> str:
    rank = "no rank" if row["rank"] is None else f"rank {row['rank']}"
    values = {
        "open": "{:.4f}",
        "daily_atr": "{:.4f}",
        "daily_volume": "{:,.0f}",
        "relative_opening_volume": "{:.2f}",
    }
    known = [
        f"{name.replace('_', ' ')} {'none' if row[name] is None else form.format(row[name])}"
        for name, form in values.items()
    ]
    return f"universe of {row['session']}: {row['verdict']}, {rank}; {'; '.join(known)}"
