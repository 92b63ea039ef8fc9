"""Finding what was decided of a symbol, in a ledger or in a backtest's results."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from blocks.account.absence import refuse_absent
from blocks.account.status import newest_account
from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.tables import read_signals
from blocks.records.signal import Signal
from trading.errors import BadInput, NoData


def signal_in_ledger(data_dir: Path, account: str | None, symbol: str, at: datetime) -> Signal:
    """Return the signal for a symbol at a bar, or the last one before it in that session."""
    account = account or newest_account(data_dir)
    refuse_absent(data_dir, account)
    with DuckDBLedger(data_dir, account).reading() as connection:
        last = read_signals(connection, 1, until=at)
        found = read_signals(connection, 1, symbol, at)
    is_of_session = bool(found) and found[0].session == last[0].session
    signal = found[0] if is_of_session else None
    return _checked(signal, symbol, at, f"account {account} in {data_dir}")


def signal_in_results(folder: Path, symbol: str, at: datetime) -> Signal:
    """Return the signal for a symbol at a bar from a backtest's results folder."""
    path = folder / "decisions.parquet"
    if not path.exists():
        raise BadInput(f"{path} is not there", "Name a backtest's --out folder")
    # Only results are tables; a ledger is asked in SQL.
    import polars as pl

    try:
        frame = pl.read_parquet(path)
        before = frame.filter((pl.col("bar") <= at) & (pl.col("symbol") == symbol))
        session = frame.filter(pl.col("bar") <= at)["session"].max()
        rows = before.filter(pl.col("session") == session).sort("bar", descending=True)
        found = [Signal.model_validate(row) for row in rows.head(1).to_dicts()]
    except (pl.exceptions.PolarsError, OSError, ValidationError) as error:
        raise BadInput(f"{path} cannot be read: {error}", "Run the backtest again") from error
    return _checked(found[0] if found else None, symbol, at, str(folder))


def _checked(signal: Signal | None, symbol: str, at: datetime, where: str) -> Signal:
    if signal is None or signal.bar.date() != at.date():
        raise NoData(
            f"no decision for {symbol} at {at:%Y-%m-%d %H:%M} UTC is stored in {where}",
            "Give a bar of a traded session, after its opening range, and a symbol that was traded",
        )
    return signal
