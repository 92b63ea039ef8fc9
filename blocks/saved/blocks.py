"""The outside world as Prefect blocks: what the UI shows and edits, and what a run then uses.

Each block opens the plain part of the same name; the parts themselves know nothing of Prefect.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from pydantic import Field, SecretStr

from blocks.account_files import LOCAL_COPIES
from blocks.bars.file_format import BarFileFormat
from blocks.ledger.ledger import DuckDBLedger
from blocks.markets.file_market import FileMarket
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.process.log_notifier import LogNotifier
from blocks.process.secret_mask import MASK
from blocks.saved.discord import DiscordWebhook, wanted_webhooks
from blocks.saved.drift import Choice, WrittenValues, how_to_decide, settle
from blocks.saved.storage import DISTANT_COPIES, LocalCopies
from blocks.settings.app_settings import AppSettings
from blocks.settings.data import DataSettings
from trading.market.daily_bars import DailyBars

SAVED_NAME = "openbell"


class BarsFile(Block):
    """Bars of the user's own file or folder."""

    _block_type_name = "Openbell bars file"
    _block_type_slug = "openbell-bars-file"

    path: str = Field(description="Parquet or CSV file, or a folder of them")
    timezone: str | None = Field(default=None, description="Zone of times that name none")

    def open(
        self,
        symbols: Sequence[str],
        exchange: str,
        interval_minutes: int,
        daily: DailyBars | None = None,
    ) -> FileMarket:
        """Return the market data of the file, of which bars of a length are made."""
        written = BarFileFormat(timezone=self.timezone)
        return FileMarket(Path(self.path), symbols, exchange, written, interval_minutes, daily)


class SimulatedMarket(Block):
    """A market that does not exist, the same for the same seed."""

    _block_type_name = "Openbell simulated market"
    _block_type_slug = "openbell-simulated-market"

    seed: int = Field(default=1, description="Another seed is another market")

    def open(
        self, symbols: Sequence[str], exchange: str, interval_minutes: int
    ) -> SimulatedMarketData:
        """Return the simulated market data."""
        return SimulatedMarketData(symbols, exchange, interval_minutes, self.seed)


class Ledger(Block):
    """Where accounts keep their journals."""

    _block_type_name = "Openbell ledger"
    _block_type_slug = "openbell-ledger"

    data_dir: str = Field(description="Folder on a local disk, one folder in it an account")

    def open(self, account: str) -> DuckDBLedger:
        """Return an account's ledger."""
        return DuckDBLedger(Path(self.data_dir), account)


class LogMessages(Block):
    """Messages for people, as lines of the log."""

    _block_type_name = "Openbell log messages"
    _block_type_slug = "openbell-log-messages"

    def open(self) -> LogNotifier:
        """Return the notifier."""
        return LogNotifier()


class Settings(Block):
    """What sessions of this installation have in common."""

    _block_type_name = "Openbell settings"
    _block_type_slug = "openbell-settings"

    settle_seconds: float = Field(
        default=5.0, ge=0, description="Wait after a bar's end before it is fetched, seconds"
    )
    warm_up_minutes: float = Field(
        default=5.0, gt=0, description="Warm-up begins so long before the open, minutes"
    )
    tend_seconds: float = Field(
        default=2.0, ge=0.2, description="Orders are looked at so often between bars, seconds"
    )

    @classmethod
    def of(cls, configured: DataSettings) -> Settings:
        """Return what the environment and `.env` say."""
        return cls(
            settle_seconds=configured.settle_seconds,
            warm_up_minutes=configured.warm_up_minutes,
            tend_seconds=configured.tend_seconds,
        )

    def instead_of(self, configured: DataSettings) -> DataSettings:
        """Return the settings with what the block says in the place of theirs."""
        return configured.model_copy(
            update={
                "settle_seconds": self.settle_seconds,
                "warm_up_minutes": self.warm_up_minutes,
                "tend_seconds": self.tend_seconds,
            }
        )


Saved = TypeVar("Saved", bound=Block)
# What has no default is there to be filled in.
TO_FILL_IN: tuple[type[Block], ...] = (BarsFile, DiscordWebhook, *DISTANT_COPIES)
# Types that an earlier version saved and no run ever used. The mock exchange's store lies beside
# the ledger, for copies take both, so a folder of its own would mean nothing.
GONE = ("openbell-mock-exchange",)


def wanted_blocks(data_dir: Path, configured: AppSettings) -> list[Block]:
    """Return the blocks that an installation in this folder begins with."""
    folder = str(data_dir.resolve())
    return [
        SimulatedMarket(),
        Ledger(data_dir=folder),
        LogMessages(),
        LocalCopies(folder=str(data_dir.resolve() / LOCAL_COPIES)),
        Settings.of(configured.data),
        *wanted_webhooks(configured.notifications),
    ]


async def save_blocks(
    data_dir: Path, configured: AppSettings, written: WrittenValues, choice: Choice = Choice.ASK
) -> list[str]:
    """Save the blocks of the settings; return a line for each, with what was changed by hand.

    What `written` says that we wrote ourselves follows the settings; what a hand changed stays
    unless `choice` says otherwise.
    """
    lines = await _remove_gone()
    for kind in TO_FILL_IN:
        await kind.aregister_type_and_schema()
    for block in wanted_blocks(data_dir, configured):
        saved = await load_saved(type(block))
        name = f"{block.get_block_type_slug()}/{SAVED_NAME}"
        notes = written.of(name)
        settled = settle({} if saved is None else _content(saved), _content(block), notes, choice)
        if saved is None or settled.followed:
            await type(block)(**settled.values).asave(SAVED_NAME, overwrite=True)
            lines.append(": ".join([f"{name} saved", *filter(None, ["; ".join(settled.followed)])]))
        elif not settled.undecided:
            lines.append(f"{name} is there")
        if settled.undecided:
            undecided = "; ".join(settled.undecided)
            lines.append(f"{name} is kept: {undecided}. {how_to_decide(data_dir.resolve())}")
    return lines


async def _remove_gone() -> list[str]:
    lines: list[str] = []
    async with get_client() as client:
        for slug in GONE:
            try:
                kind = await client.read_block_type_by_slug(slug)
            except ObjectNotFound:
                continue
            await client.delete_block_type(kind.id)
            lines.append(f"{slug} is removed: no run uses it")
    return lines


async def load_saved(kind: type[Saved], name: str = SAVED_NAME) -> Saved | None:
    """Return a saved block, or None where there is none; the mask learns its secrets."""
    try:
        block = await kind.aload(name, validate=False)
    except ValueError:
        return None
    MASK.learn(v.get_secret_value() for v in _content(block).values() if isinstance(v, SecretStr))
    return block


def _content(block: Block) -> dict[str, Any]:
    # Only the fields that a user sees: a loaded block also carries Prefect's own.
    return {name: getattr(block, name) for name in type(block).model_fields}
