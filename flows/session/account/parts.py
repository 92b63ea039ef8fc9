"""The parts that a session is made of, from Prefect's saved blocks or from plain defaults."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from blocks.archive.bar_source import symbols_in
from blocks.bars.file_format import BarFileFormat
from blocks.exchange.mock_exchange import MockExchange
from blocks.ledger.ledger import HOLD_SECONDS, DuckDBLedger
from blocks.markets.file_market import FileMarket
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.messages.choose import channels_of
from blocks.messages.settings import NotificationSettings
from blocks.process.clocks import ReplayClock, SystemClock
from blocks.process.log_notifier import LogNotifier
from blocks.settings.broker import LIVE, BrokerSettings
from blocks.settings.data import DataSettings
from blocks.storage.choose import storage_from
from blocks.storage.settings import CloudSettings
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
from tasks.masked import without_secrets_in_errors
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.broker.exchange_port import Exchange
from trading.session.ports import MarketData, Notifier, Storage

if TYPE_CHECKING:
    from blocks.bars.daily_bars import DailyFile
    from blocks.messages.channel import Channel
    from blocks.saved.blocks import BarsFile, LogMessages, SimulatedMarket
    from blocks.saved.storage import AzureCopies, LocalCopies, S3Copies
    from blocks.settings.app_settings import AppSettings
    from trading.market.daily_bars import DailyBars


@dataclass(frozen=True)
class PlainParts:
    """Parts without Prefect, in one data folder, each made of its group of the settings."""

    data_dir: Path
    bars: Path | None = None
    seed: int = 1
    is_live: bool = False
    data: DataSettings = field(default_factory=DataSettings)
    cloud: CloudSettings = field(default_factory=CloudSettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    database_timeout_seconds: float = LOCK_DEADLINE_SECONDS
    bars_format: BarFileFormat = field(default_factory=BarFileFormat)
    daily_bars: Path | None = None
    broker: BrokerSettings = field(default_factory=BrokerSettings)

    @property
    def settle_seconds(self) -> float:
        """Return how long is waited after a bar's end before it is fetched."""
        return self.data.settle_seconds

    @property
    def warm_up_minutes(self) -> float:
        """Return how long before the open a session begins."""
        return self.data.warm_up_minutes

    @property
    def tend_seconds(self) -> float:
        """Return how often orders are looked at between bars."""
        return self.data.tend_seconds

    @property
    def has_simulated_bars(self) -> bool:
        """Return whether bars are of no real market."""
        return self.bars is None and not self.is_live

    @property
    def seed_of_bars(self) -> int | None:
        """Return the seed of simulated bars, None for others."""
        return self.seed if self.has_simulated_bars else None

    def with_seed(self, seed: int) -> Self:
        """Return the same parts with the simulated bars of another seed."""
        return replace(self, seed=seed)

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of the bars file, none when bars are simulated."""
        return () if self.bars is None else symbols_in(self.bars, self.bars_format)

    def daily(self, plan: RunPlan) -> DailyFile | None:
        """Return the daily bars of a plan's symbols, None where they are made of the others."""
        if self.daily_bars is None:
            return None
        from blocks.archive.daily_bars import read_daily_bars

        return read_daily_bars(self.daily_bars, plan.symbols, plan.exchange)

    def usable_daily(self, plan: RunPlan) -> DailyBars | None:
        """Return the same without what is said of them, None also where they cannot be read.

        An open session goes on all the same, and who asked for its plan has told why.
        """
        try:
            daily = self.daily(plan)
        except BadInput:
            return None
        return None if daily is None else daily.bars

    def market(self, plan: RunPlan, *, is_replay: bool) -> MarketData:
        """Return where bars come from: the user's file, the providers, or the simulated market."""
        if self.bars is None and self.is_live:
            return self._live_market(plan, is_replay=is_replay)
        if self.bars is None:
            return SimulatedMarketData(
                plan.symbols, plan.exchange, plan.interval_minutes, self.seed
            )
        return FileMarket(
            self.bars,
            plan.symbols,
            plan.exchange,
            self.bars_format,
            plan.interval_minutes,
            self.usable_daily(plan),
        )

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
            plan.symbols,
            plan.exchange,
            plan.interval_minutes,
            clock,
            self.data_dir,
            self.data.access(),
            archive.upsert,
        )
        chain.start()
        return chain

    def ledger(self, account: str) -> DuckDBLedger:
        """Return an account's ledger."""
        return DuckDBLedger(self.data_dir, account, HOLD_SECONDS, self.database_timeout_seconds)

    def exchange(
        self, account: str, plan: RunPlan, stored_symbols: Sequence[str] | None = None
    ) -> Exchange:
        """Return the mock exchange's account; `stored_symbols` are those it had last."""
        return MockExchange(
            self.data_dir, account, plan, stored_symbols, self.database_timeout_seconds
        )

    def broker_exchange(
        self,
        symbols: Sequence[str],
        replayed: Session | None = None,
        speed: float | None = None,
        told: Callable[[int], int] | None = None,
    ) -> Exchange:
        """Return the broker's account; in a replay of a `speed`, from the first session that it is.

        Orders of a test double are of the day that is replayed or of today, as it has its clock;
        `told` turns times of its news into the session's.
        """
        broker, data = self.broker.required(), self.data
        key, secret = data.alpaca_api_key, data.alpaca_secret_key
        if key is None or secret is None:
            raise BadInput(
                "ALPACA_API_KEY and ALPACA_SECRET_KEY are not both set", "Copy them from Alpaca"
            )
        # Imported here: most orders go nowhere.
        from blocks.exchange.alpaca.exchange import AlpacaExchange
        from blocks.exchange.alpaca.line.access import BrokerAccess

        faster = max(1.0, speed or 1.0) if broker.is_of_this_machine else 1.0
        access = BrokerAccess(
            key,
            secret,
            is_live=broker.trading_mode == LIVE,
            base_url=broker.base_url,
            stream_url=broker.stream_url,
        )
        clock = SystemClock() if replayed is None else ReplayClock(replayed.open)
        # Pauses are of the session's time: a double's minute passes as fast as its market. Only
        # one that it names is of the machine's, as HTTP has it.
        return AlpacaExchange(
            access,
            clock.now,
            symbols,
            told=told,
            steady=lambda: time.monotonic() * faster,
            wait=lambda seconds: time.sleep(seconds / faster),
            faster=faster,
        )

    def notifier(self) -> Notifier:
        """Return where messages go."""
        return LogNotifier()

    def channels(self) -> tuple[list[Channel], list[BadInput]]:
        """Return where messages go besides the log, and what is wrong with what cannot be used."""
        return channels_of(self.notifications)

    def wanted_messages(self) -> frozenset[str]:
        """Return the kinds of messages that go to the channels."""
        return self.notifications.wanted_kinds()

    def storage(self) -> Storage:
        """Return where copies go."""
        return storage_from(self.cloud, self.data_dir)

    @property
    def copies_leave(self) -> bool:
        """Return whether a place for copies is named, which may know more than this machine."""
        return self.cloud.is_asked_for


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
