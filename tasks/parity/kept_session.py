"""What a ledger keeps of a session that a replay needs: its plan, and whose bars it traded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blocks.archive.archive import BarArchive
from blocks.archive.feeds import PREFERRED
from blocks.bars.content_hash import rows_hash
from blocks.ledger.ledger import DuckDBLedger
from blocks.strategy_file import kept_strategy
from trading.errors import BadInput, StoreUnavailable
from trading.plan import RunPlan
from trading.plan_record import plan_from
from trading.session.events import BarClosed, Event
from trading.session.first_row import session_of
from trading.session.ports import Clock


def plan_of(ledger: DuckDBLedger, record: dict[str, Any]) -> RunPlan:
    """Return the plan of a session's record. Raises BadInput and KeyError for one that is none."""
    digest = str(record.get("strategy_sha256", ""))
    folder = ledger.folder / "strategies"
    return plan_from(record, kept_strategy(folder, digest) if digest else None)


def archive_of(data_dir: Path, plan: RunPlan, events: Sequence[Event], clock: Clock) -> BarArchive:
    """Return the archive with the feeds before others that a session's bars are of."""
    # Another feed's bars would be others, all of them.
    bars = (event for event in events if isinstance(event, BarClosed))
    feeds = dict.fromkeys(feed for bar in bars for feed in bar.feeds if feed)
    preferred = tuple(dict.fromkeys((*feeds, *PREFERRED)))
    return BarArchive(data_dir, plan.interval_minutes, clock, preferred=preferred)


def bars_hash(data_dir: Path, ledger: DuckDBLedger, name: str, clock: Clock) -> str:
    """Return a hash of the archive's bars of a session, "" where it is of no matter or none."""
    if ledger.has_simulated_bars():
        return ""
    events = [row.event for row in ledger.journal_of(name)]
    try:
        plan = plan_of(ledger, ledger.plan_of(name) or {})
        session = session_of(events)
        rows = archive_of(data_dir, plan, events, clock).rows(
            plan.symbols, session.open, session.close
        )
    except (BadInput, KeyError, StoreUnavailable):
        return ""
    return rows_hash(rows)
