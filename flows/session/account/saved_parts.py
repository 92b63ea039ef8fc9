"""The parts that a session is made of, from Prefect's saved blocks where there are any."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from blocks.messages.settings import NotificationSettings
from flows.session.account.parts import PlainParts
from tasks.masked import without_secrets_in_errors
from trading.errors import BadInput
from trading.plan import RunPlan
from trading.session.ports import MarketData, Notifier, Storage

if TYPE_CHECKING:
    from blocks.saved.blocks import BarsFile, LogMessages, SimulatedMarket
    from blocks.saved.storage import AzureCopies, LocalCopies, S3Copies
    from blocks.settings.app_settings import AppSettings


@dataclass(frozen=True)
class SavedParts(PlainParts):
    """Parts as the blocks saved in Prefect say, where there are any."""

    bars_block: BarsFile | None = None
    market_block: SimulatedMarket | None = None
    notifier_block: LogMessages | None = None
    local_copies: LocalCopies | None = None
    distant_copies: tuple[S3Copies | AzureCopies, ...] = ()

    @property
    def has_simulated_bars(self) -> bool:
        """Return whether bars are of no real market."""
        return self.bars_block is None and super().has_simulated_bars

    @property
    def seed_of_bars(self) -> int | None:
        """Return the seed of simulated bars, None for others."""
        if self.market_block is None or not self.has_simulated_bars:
            return super().seed_of_bars
        return self.market_block.seed

    def with_seed(self, seed: int) -> Self:
        """Return the same parts with the simulated bars of another seed."""
        return replace(self, seed=seed, market_block=None)

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        """Return the saved bars file, a named file, or the saved simulated market."""
        if self.bars_block is not None:
            return self.bars_block.open(
                plan.symbols, plan.exchange, plan.interval_minutes, self.usable_daily(plan)
            )
        if self.bars is None and not self.is_live and self.market_block is not None:
            return self.market_block.open(plan.symbols, plan.exchange, plan.interval_minutes)
        return super().market(plan, is_replay=is_replay)

    def notifier(self) -> Notifier:
        """Return where messages go."""
        return super().notifier() if self.notifier_block is None else self.notifier_block.open()

    def storage(self) -> Storage:
        """Return where copies go; raises BadInput when two saved blocks say it."""
        if len(self.distant_copies) > 1:
            names = (f"{block.get_block_type_slug()}" for block in self.distant_copies)
            raise BadInput(
                f"two saved blocks say where copies go: {' and '.join(names)}",
                "Delete one of them in Prefect",
            )
        for block in (*self.distant_copies, self.local_copies):
            if block is not None:
                return block.open()
        return super().storage()

    @property
    def copies_leave(self) -> bool:
        """Return whether a place for copies is named, which may know more than this machine."""
        return bool(self.distant_copies) or super().copies_leave


@without_secrets_in_errors
async def saved_parts(
    data_dir: str | None, bars: str | None, configured: AppSettings, *, is_live: bool = False
) -> SavedParts:
    """Return parts from the saved blocks; `bars` is a path, or the name of a saved bars file.

    Without `data_dir` the saved ledger says where the accounts are; without a saved block the
    settings of this process count. A saved bucket or container takes the place of the settings'
    in every run; the saved folder of copies belongs to the saved ledger's accounts alone, and
    registration saves one always, so that a cloud of the settings goes before it.
    """
    from blocks.saved import blocks as connections
    from blocks.saved.discord import DiscordWebhook
    from blocks.saved.storage import DISTANT_COPIES, LocalCopies

    ledger = await connections.load_saved(connections.Ledger)
    folder = Path(data_dir or (ledger.data_dir if ledger else configured.operations.data_dir))
    is_saved_folder = ledger is None or folder.resolve() == Path(ledger.data_dir).resolve()
    settings = await connections.load_saved(connections.Settings)
    webhook = await connections.load_saved(DiscordWebhook)
    distant = [await connections.load_saved(kind) for kind in DISTANT_COPIES]
    by_name = None
    if bars and not Path(bars).exists():
        by_name = await connections.load_saved(connections.BarsFile, bars)
    return SavedParts(
        folder,
        Path(bars) if bars and by_name is None else None,
        is_live=is_live,
        data=settings.instead_of(configured.data) if settings else configured.data,
        cloud=configured.cloud,
        broker=configured.broker,
        notifications=_with_other_channels(webhook.settings(), configured.notifications)
        if webhook
        else configured.notifications,
        database_timeout_seconds=configured.operations.database_timeout_seconds,
        bars_block=by_name,
        market_block=await connections.load_saved(connections.SimulatedMarket),
        notifier_block=await connections.load_saved(connections.LogMessages),
        local_copies=await connections.load_saved(LocalCopies)
        if is_saved_folder and not configured.cloud.is_asked_for
        else None,
        distant_copies=tuple(block for block in distant if block is not None),
    )


def _with_other_channels(
    saved: NotificationSettings, configured: NotificationSettings
) -> NotificationSettings:
    """Return what a saved webhook says of Discord and of kinds; it knows no other channel."""
    others = {"notify_urls": configured.notify_urls, "deadman_url": configured.deadman_url}
    return saved.model_copy(update=others)
