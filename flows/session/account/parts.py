"""The parts that a session is made of, from the settings."""

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
from trading.errors import BadInput
from trading.market.calendar import Session
from trading.plan import RunPlan
from trading.session.broker.exchange_port import Exchange
from trading.session.ports import MarketData, Notifier, Storage

if TYPE_CHECKING:
    from blocks.bars.daily_bars import DailyFile
    from blocks.messages.channel import Channel
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
