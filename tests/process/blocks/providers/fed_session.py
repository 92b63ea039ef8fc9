"""A session that a provider feeds, against the same one fed from a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from tests.process.blocks.providers.outcomes import call_client
from trading.market.bars import BarRows
from trading.market.calendar import Session

# A stop that needs the sessions before, so that a provider's history counts too.
SETTINGS = {
    "min_body": 0, "max_entries": 3, "stop": "atr", "target": "atr", "range_minutes": 15,
}  # fmt: skip
# Of a bar: longer than the usual five, so that a session has fewer of them.
MINUTES = 15
Event = dict[str, Any]


@dataclass
class FedSession:
    """One session of some symbols, to be traded from one source and another."""

    session: Session
    symbols: tuple[str, ...]
    folder: Path
    environment: dict[str, str]
    logs: list[str] = field(default_factory=list)

    def trade(self, name: str, source: str, **order: Any) -> dict[str, Any]:
        """Return the journal of the session, traded in a data folder of its own."""
        usual = {
            "source": source, "data_dir": str(self.folder / name), "settings": SETTINGS,
            "session": str(self.session.date), "opens": self.session.open.isoformat(),
            "symbols": self.symbols, "interval_minutes": MINUTES,
        }  # fmt: skip
        outcome, log = call_client("session_client", usual | order, self.environment)
        self.logs.append(log)
        return dict(outcome)

    def from_file(self, rows: BarRows) -> list[Event]:
        """Return the journal of the session on a file of these rows."""
        file = self.folder / "bars.parquet"
        write_bars(rows, self.symbols, file)
        return without_source(self.trade("from-file", str(file)))


def write_bars(rows: BarRows, symbols: tuple[str, ...], target: Path) -> None:
    columns = {name: getattr(rows, name) for name in ("open", "high", "low", "close", "volume")}
    stamps = [datetime.fromtimestamp(us / 1e6, UTC) for us in rows.start_us.tolist()]
    names = [symbols[number] for number in rows.symbol]
    pl.DataFrame({"symbol": names, "ts": stamps, **columns}).write_parquet(target)


OF_BARS = ("source", "seed")


def without_source(outcome: dict[str, Any]) -> list[Event]:
    return [
        {
            # A session's plan names its source too, and the seed of parts that could simulate it.
            name: {n: v for n, v in value.items() if n not in OF_BARS} if name == "plan" else value
            for name, value in event.items()
            if name not in ("sources", "feeds", "feed_changed")
        }
        for event in outcome["events"]
    ]


def bars_of(outcome: dict[str, Any]) -> list[Event]:
    return [event for event in outcome["events"] if event["kind"] == "BarClosed"]


def fills_of(events: list[Event]) -> list[Event]:
    return [event for event in events if event["kind"] == "Fill"]


def held_after(outcome: dict[str, Any]) -> set[int]:
    """Return how much of a symbol is held at the end, for all symbols that were traded."""
    held: Counter[str] = Counter()
    for fill in fills_of(outcome["events"]):
        held[fill["symbol"]] += fill["quantity"]
    return set(held.values())
