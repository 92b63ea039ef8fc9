"""Finding a stored decision, in a ledger or in a backtest's results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blocks.account.status import newest_account
from blocks.ledger.ledger import DuckDBLedger
from trading.errors import BadInput, NoData
from trading.explanation import StoredDecision


def decision_in_ledger(
    data_dir: Path, account: str | None, symbol: str, at: datetime
) -> StoredDecision:
    """Return the decision for a symbol at a bar, or the last one before it in that session."""
    account = account or newest_account(data_dir)
    if not (data_dir / account / "ledger.duckdb").exists():
        raise BadInput(f"account {account!r} is not in {data_dir}", "Name another --account")
    rows = DuckDBLedger(data_dir, account).query(
        "SELECT * FROM decisions WHERE symbol = ? AND bar <= ?"
        " AND session = (SELECT max(session) FROM decisions WHERE bar <= ?)"
        " ORDER BY bar DESC LIMIT 1",
        [symbol, at, at],
    )
    return _first(rows, symbol, at, f"account {account} in {data_dir}")


def decision_in_results(folder: Path, symbol: str, at: datetime) -> StoredDecision:
    """Return the decision for a symbol at a bar from a backtest's results folder."""
    path = folder / "decisions.parquet"
    if not path.exists():
        raise BadInput(f"{path} is not there", "Name a backtest's --out folder")
    # Only results are tables; a ledger is asked in SQL.
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(f"{path} cannot be read: {error}", "Run the backtest again") from error
    before = frame.filter((pl.col("bar") <= at) & (pl.col("symbol") == symbol))
    session = frame.filter(pl.col("bar") <= at)["session"].max()
    rows = before.filter(pl.col("session") == session).sort("bar", descending=True)
    return _first(rows.head(1).to_dicts(), symbol, at, str(folder))


def _first(rows: list[dict[str, Any]], symbol: str, at: datetime, where: str) -> StoredDecision:
    if not rows or rows[0]["bar"].astimezone(UTC).date() != at.date():
        raise NoData(
            f"no decision for {symbol} at {at:%Y-%m-%d %H:%M} UTC is stored in {where}",
            "Give a bar of a traded session, after its opening range, and a symbol that was traded",
        )
    return _decision(rows[0])


def _decision(row: Mapping[str, Any]) -> StoredDecision:
    def number(name: str) -> float | None:
        return None if row[name] is None else float(row[name])

    return StoredDecision(
        row["symbol"],
        row["bar"].astimezone(UTC),
        row["reason"],
        number("price"),
        number("range_high"),
        number("range_low"),
        number("stop"),
        number("target_offset"),
        int(row["quantity"] or 0),
        number("atr"),
        number("equity"),
    )
