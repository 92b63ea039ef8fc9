"""The parts that a session is made of, from Prefect's saved blocks or from plain defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.bars.files import BarFileFormat, symbols_in
from blocks.exchange.mock_exchange import MockExchange
from blocks.ledger.ledger import HOLD_SECONDS, DuckDBLedger
from blocks.markets.file_market import FileMarket
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.process.clocks import SystemClock
from blocks.process.log_notifier import LogNotifier
from blocks.settings.messages import notification_settings_of, wanted_kinds, webhook_of
from blocks.storage.choose import cloud_settings_of, storage_from
from blocks.storage.local import LocalStorage
from tasks.masked import without_secrets_in_errors
from trading.plan import RunPlan
from trading.session.ports import MarketData, Notifier, Storage

if TYPE_CHECKING:
    from blocks.messages.discord.webhook import WebhookClient
    from blocks.saved.blocks import BarsFile, LogMessages, Settings, SimulatedMarket
    from blocks.saved.discord import DiscordWebhook
    from blocks.settings.app_settings import AppSettings


@dataclass(frozen=True)
class PlainParts:
    """Parts without Prefect, in one data folder."""

    data_dir: Path
    bars: Path | None = None
    seed: int = 1
    is_live: bool = False
    settle_seconds: float = 5.0
    warm_up_minutes: float = 5.0
    tend_seconds: float = 2.0

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of the bars file, none when bars are simulated."""
        return () if self.bars is None else symbols_in(self.bars, BarFileFormat())

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        """Return where bars come from: the user's file, the providers, or the simulated market."""
        if self.bars is None and self.is_live:
            return self._live_market(plan, is_replay=is_replay)
        if self.bars is None:
            return SimulatedMarketData(
                plan.symbols, plan.exchange, plan.interval_minutes, self.seed
            )
        return FileMarket(self.bars, plan.symbols, plan.exchange)

    def _live_market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        """Return the providers, whose bars the archive keeps; a replay reads the archive."""
        from blocks.archive.archive import BarArchive
        from blocks.markets.archive_market import ArchiveMarket
        from blocks.providers.choose import make_live_provider

        clock = SystemClock()
        archive = BarArchive(self.data_dir, plan.interval_minutes, clock)
        if is_replay:
            return ArchiveMarket(archive)
        chain = make_live_provider(
            plan.symbols, plan.exchange, plan.interval_minutes, clock, self.data_dir, archive.upsert
        )
        chain.start()
        return chain

    def ledger(self, account: str) -> DuckDBLedger:
        """Return an account's ledger."""
        return DuckDBLedger(self.data_dir, account, HOLD_SECONDS)

    def exchange(self, account: str, plan: RunPlan) -> MockExchange:
        """Return the mock exchange's account."""
        return MockExchange(self.data_dir, account, plan)

    def notifier(self) -> Notifier:
        """Return where messages go."""
        return LogNotifier()

    def webhook(self) -> WebhookClient | None:
        """Return the Discord webhook that messages go to as well, None where none is set."""
        return webhook_of(notification_settings_of(os.environ))

    def wanted_messages(self) -> frozenset[str]:
        """Return the kinds of messages that go to the webhook."""
        return wanted_kinds(notification_settings_of(os.environ))

    def storage(self) -> Storage:
        """Return where copies go."""
        return storage_from(cloud_settings_of(os.environ), self.data_dir)


@dataclass(frozen=True)
class SavedParts(PlainParts):
    """Parts as the blocks saved in Prefect say, where there are any."""

    bars_block: BarsFile | None = None
    market_block: SimulatedMarket | None = None
    notifier_block: LogMessages | None = None
    webhook_block: DiscordWebhook | None = None
    storage_folder: Path | None = None

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        """Return the saved bars file, a named file, or the saved simulated market."""
        if self.bars_block is not None:
            return self.bars_block.open(plan.symbols, plan.exchange)
        if self.bars is None and not self.is_live and self.market_block is not None:
            return self.market_block.open(plan.symbols, plan.exchange, plan.interval_minutes)
        return super().market(plan, is_replay=is_replay)

    def notifier(self) -> Notifier:
        """Return where messages go."""
        return super().notifier() if self.notifier_block is None else self.notifier_block.open()

    def webhook(self) -> WebhookClient | None:
        """Return the saved webhook, or the environment's."""
        return super().webhook() if self.webhook_block is None else self.webhook_block.open()

    def wanted_messages(self) -> frozenset[str]:
        """Return the kinds of messages that the saved webhook wants, or the environment."""
        if self.webhook_block is None:
            return super().wanted_messages()
        return self.webhook_block.wanted()

    def storage(self) -> Storage:
        """Return where copies go."""
        if self.storage_folder is None:
            return super().storage()
        return LocalStorage(self.storage_folder)


@without_secrets_in_errors
async def saved_parts(
    data_dir: str | None, bars: str | None, configured: AppSettings, *, is_live: bool = False
) -> SavedParts:
    """Return parts from the saved blocks; `bars` is a path, or the name of a saved bars file.

    Without `data_dir` the saved ledger says where the accounts are; without a saved block the
    settings of this process count.
    """
    from blocks.saved import blocks as connections
    from blocks.saved.discord import DiscordWebhook

    ledger = await connections.load_saved(connections.Ledger)
    folder = Path(data_dir or (ledger.data_dir if ledger else configured.operations.data_dir))
    settings: Settings = await connections.load_saved(
        connections.Settings
    ) or connections.Settings.of(configured)
    copies = await connections.load_saved(connections.LocalCopies)
    by_name = None
    if bars and not Path(bars).exists():
        by_name = await connections.load_saved(connections.BarsFile, bars)
    return SavedParts(
        folder,
        Path(bars) if bars and by_name is None else None,
        is_live=is_live,
        settle_seconds=settings.settle_seconds,
        warm_up_minutes=settings.warm_up_minutes,
        tend_seconds=settings.tend_seconds,
        bars_block=by_name,
        market_block=await connections.load_saved(connections.SimulatedMarket),
        notifier_block=await connections.load_saved(connections.LogMessages),
        webhook_block=await connections.load_saved(DiscordWebhook),
        storage_folder=Path(copies.folder) if copies and not data_dir else None,
    )
