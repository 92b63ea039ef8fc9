"""What a strategy calls its levels and reasons, as a ledger or a backtest's results keep it."""

from __future__ import annotations

from pathlib import Path

import orjson

from blocks.account.explanation.line import StrategyWords
from blocks.ledger.ledger import DuckDBLedger
from blocks.records.signal import Signal
from blocks.results.run_folder import SUMMARY


def words_in_ledger(data_dir: Path, account: str, signal: Signal) -> StrategyWords:
    """Return the words of the plan that a signal's session is traded with."""
    rows = DuckDBLedger(data_dir, account).query(
        "SELECT payload FROM journal WHERE kind = 'session_started' AND session = ?"
        " ORDER BY seq LIMIT 1",
        [signal.session],
    )
    return StrategyWords.of(orjson.loads(rows[0]["payload"]).get("plan") or {} if rows else {})


def words_in_results(folder: Path) -> StrategyWords:
    """Return the words of the plan of a backtest's results."""
    try:
        summary = orjson.loads((folder / SUMMARY).read_bytes())
    except (OSError, ValueError):
        # Results of earlier versions have none.
        return StrategyWords()
    return StrategyWords.of(summary.get("words", {}))
