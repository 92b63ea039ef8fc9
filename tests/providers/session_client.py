"""A replayed session in a process of its own, its bars from Yahoo or simulated."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from blocks.bar_archive import BarArchive
from blocks.clocks import SystemClock
from blocks.ledger import DuckDBLedger
from blocks.provider_chain import ProviderChain
from blocks.yahoo_market import YahooMarket
from flows.account_story import run_account
from flows.parts import PlainParts
from flows.wiring import SessionRequest
from trading.plan import RunPlan
from trading.ports import MarketData


@dataclass(frozen=True)
class YahooParts(PlainParts):
    """Parts whose bars come from Yahoo and go into the archive."""

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        clock = SystemClock()
        archive = BarArchive(self.data_dir, plan.interval_minutes, clock)
        yahoo = YahooMarket(plan.exchange, plan.interval_minutes, clock, wait=lambda seconds: None)
        return ProviderChain([yahoo], plan.interval_minutes, keep=archive.upsert)


def main() -> None:
    order: dict[str, Any] = json.load(sys.stdin)
    kind = YahooParts if order["yahoo"] else PlainParts
    folder = Path(order["data_dir"])
    request = SessionRequest(
        parts=kind(folder, seed=order["seed"]), replay=order["session"],
        symbols=tuple(order["symbols"]), settings=order["settings"],
    )  # fmt: skip
    closed = asyncio.run(run_account(request))
    journal = DuckDBLedger(folder, request.account).journal_of(order["session"])
    events = [{"kind": type(row.event).__name__} | asdict(row.event) for row in journal]
    json.dump({"closed": closed, "events": events}, sys.stdout)


if __name__ == "__main__":
    main()
