"""The parts that a session is made of, from Prefect's saved blocks or from plain defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.bar_files import BarFileFormat, symbols_in
from blocks.cloud_storage import cloud_settings_of, storage_from
from blocks.ledger import HOLD_SECONDS, DuckDBLedger
from blocks.local_storage import LocalStorage
from blocks.log_notifier import LogNotifier
from blocks.market_data import FileMarket, SimulatedMarketData
from blocks.mock_exchange import MockExchange
from trading.plan import RunPlan
from trading.ports import MarketData, Notifier, Storage

if TYPE_CHECKING:
    from blocks.connections import BarsFile, LogMessages, Settings, SimulatedMarket


@dataclass(frozen=True)
class PlainParts:
    """Parts without Prefect, in one data folder."""

    data_dir: Path
    bars: Path | None = None
    seed: int = 1
    settle_seconds: float = 5.0
    warm_up_minutes: float = 5.0

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of the bars file, none when bars are simulated."""
        return () if self.bars is None else symbols_in(self.bars, BarFileFormat())

    def market(self, plan: RunPlan) -> MarketData:
        """Return where the bars come from: the user's file, or the simulated market."""
        if self.bars is None:
            return SimulatedMarketData(
                plan.symbols, plan.exchange, plan.interval_minutes, self.seed
            )
        return FileMarket(self.bars, plan.symbols, plan.exchange)

    def ledger(self, account: str) -> DuckDBLedger:
        """Return an account's ledger."""
        return DuckDBLedger(self.data_dir, account, HOLD_SECONDS)

    def exchange(self, account: str, plan: RunPlan) -> MockExchange:
        """Return the mock exchange's account."""
        return MockExchange(self.data_dir, account, plan)

    def notifier(self) -> Notifier:
        """Return where messages go."""
        return LogNotifier()

    def storage(self) -> Storage:
        """Return where copies go."""
        return storage_from(cloud_settings_of(os.environ), self.data_dir)


@dataclass(frozen=True)
class SavedParts(PlainParts):
    """Parts as the blocks saved in Prefect say, where there are any."""

    bars_block: BarsFile | None = None
    market_block: SimulatedMarket | None = None
    notifier_block: LogMessages | None = None
    storage_folder: Path | None = None

    def market(self, plan: RunPlan) -> MarketData:
        """Return the saved bars file, a named file, or the saved simulated market."""
        if self.bars_block is not None:
            return self.bars_block.open(plan.symbols, plan.exchange)
        if self.bars is None and self.market_block is not None:
            return self.market_block.open(plan.symbols, plan.exchange, plan.interval_minutes)
        return super().market(plan)

    def notifier(self) -> Notifier:
        """Return where messages go."""
        return super().notifier() if self.notifier_block is None else self.notifier_block.open()

    def storage(self) -> Storage:
        """Return where copies go."""
        if self.storage_folder is None:
            return super().storage()
        return LocalStorage(self.storage_folder)


async def saved_parts(data_dir: str | None, bars: str | None) -> SavedParts:
    """Return parts from the saved blocks; `bars` is a path, or the name of a saved bars file.

    Without `data_dir` the saved ledger says where the accounts are.
    """
    from blocks import connections

    ledger = await connections.load_saved(connections.Ledger)
    folder = Path(data_dir or (ledger.data_dir if ledger else "data"))
    settings: Settings = (
        await connections.load_saved(connections.Settings) or connections.Settings()
    )
    copies = await connections.load_saved(connections.LocalCopies)
    by_name = None
    if bars and not Path(bars).exists():
        by_name = await connections.load_saved(connections.BarsFile, bars)
    return SavedParts(
        folder,
        Path(bars) if bars and by_name is None else None,
        settle_seconds=settings.settle_seconds,
        warm_up_minutes=settings.warm_up_minutes,
        bars_block=by_name,
        market_block=await connections.load_saved(connections.SimulatedMarket),
        notifier_block=await connections.load_saved(connections.LogMessages),
        storage_folder=Path(copies.folder) if copies and not data_dir else None,
    )
