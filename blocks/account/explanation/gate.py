"""What the data gate found, as an account's ledger or a backtest's results keep it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson

from blocks.ledger.ledger import DuckDBLedger
from blocks.ledger.notes.remembered import GATE_OF
from blocks.records.signal import Signal
from blocks.results.run_folder import SUMMARY
from trading.gate.findings import Finding
from trading.market.calendar import to_microseconds


def newest_gate(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return what was found in the newest session that has anything, nothing without one.

    `session`, `counts` by check, `totals` of it and all before (sessions that warmed up included),
    `findings` and the number of the `others`.
    """
    row = connection.execute(
        "SELECT name, value FROM meta WHERE starts_with(name, ?) ORDER BY name DESC LIMIT 1",
        [GATE_OF],
    ).fetchone()
    if row is None:
        return {}
    return {"session": str(row[0]).removeprefix(GATE_OF), **orjson.loads(row[1])}


def found_in_ledger(data_dir: Path, account: str, signal: Signal) -> list[str]:
    """Return what was found of a signal's symbol in its session, up to its bar, a line each."""
    text = DuckDBLedger(data_dir, account).query(
        "SELECT value FROM meta WHERE name = ?", [f"{GATE_OF}{signal.session}"]
    )
    return _lines(orjson.loads(text[0]["value"]), signal) if text else []


def found_in_results(folder: Path, signal: Signal) -> list[str]:
    """Return the same of a backtest's results; the page that lists it may have left some out."""
    try:
        summary = orjson.loads((folder / SUMMARY).read_bytes())
    except (OSError, ValueError):
        # Results of earlier versions have none.
        return []
    return _lines(summary.get("gate", {}), signal)


def _lines(gate: Mapping[str, Any], signal: Signal) -> list[str]:
    found: Iterable[Finding] = (Finding.of(each) for each in gate.get("findings", ()))
    # No session is longer, and none begins so soon after another's end.
    begin = to_microseconds(signal.bar - timedelta(hours=12))
    return [
        each.line
        for each in found
        if each.symbol == signal.symbol and begin <= each.us <= to_microseconds(signal.bar)
    ]
