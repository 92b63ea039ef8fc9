"""The outside world as Prefect blocks: what the UI shows and edits, and what a run then uses.

Each block opens the plain part of the same name; the parts themselves know nothing of Prefect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from prefect.blocks.core import Block
from pydantic import Field

from blocks.bars.files import BarFileFormat
from blocks.exchange.mock_exchange import MockExchange
from blocks.ledger.ledger import DuckDBLedger
from blocks.markets.file_market import FileMarket
from blocks.markets.simulated_market import SimulatedMarketData
from blocks.process.log_notifier import LogNotifier
from blocks.saved.discord import DiscordWebhook, wanted_webhooks
from blocks.settings.app_settings import AppSettings, shown
from blocks.storage.local import LocalStorage
from trading.plan import RunPlan

SAVED_NAME = "openbell"


class BarsFile(Block):
    """Bars of the user's own file or folder."""

    _block_type_name = "Openbell bars file"
    _block_type_slug = "openbell-bars-file"

    path: str = Field(description="Parquet or CSV file, or a folder of them")
    timezone: str | None = Field(default=None, description="Zone of times that name none")

    def open(self, symbols: Sequence[str], exchange: str) -> FileMarket:
        """Return the market data of the file."""
        return FileMarket(Path(self.path), symbols, exchange, BarFileFormat(timezone=self.timezone))


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


class MockExchangeAccount(Block):
    """The simulated venue that paper trading sends its orders to."""

    _block_type_name = "Openbell mock exchange"
    _block_type_slug = "openbell-mock-exchange"

    data_dir: str = Field(description="Folder of its own store, one folder in it an account")

    def open(self, account: str, plan: RunPlan) -> MockExchange:
        """Return the venue with an account's orders and positions."""
        return MockExchange(Path(self.data_dir), account, plan)


class LogMessages(Block):
    """Messages for people, as lines of the log."""

    _block_type_name = "Openbell log messages"
    _block_type_slug = "openbell-log-messages"

    def open(self) -> LogNotifier:
        """Return the notifier."""
        return LogNotifier()


class LocalCopies(Block):
    """Copies of ledgers in a local folder."""

    _block_type_name = "Openbell local copies"
    _block_type_slug = "openbell-local-copies"

    folder: str = Field(description="Folder of the copies")

    def open(self) -> LocalStorage:
        """Return the storage."""
        return LocalStorage(Path(self.folder))


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
    def of(cls, configured: AppSettings) -> Settings:
        """Return what the environment and `.env` say."""
        return cls(
            settle_seconds=configured.data.settle_seconds,
            warm_up_minutes=configured.data.warm_up_minutes,
            tend_seconds=configured.data.tend_seconds,
        )


Saved = TypeVar("Saved", bound=Block)


def wanted_blocks(data_dir: Path, configured: AppSettings | None = None) -> list[Block]:
    """Return the blocks that an installation in this folder begins with."""
    configured = configured or AppSettings.read({}, {})
    folder = str(data_dir.resolve())
    return [
        SimulatedMarket(),
        Ledger(data_dir=folder),
        MockExchangeAccount(data_dir=folder),
        LogMessages(),
        LocalCopies(folder=str(data_dir.resolve() / "copies")),
        Settings.of(configured),
        *wanted_webhooks(),
    ]


def register(
    data_dir: Path, overwrite: bool = False, configured: AppSettings | None = None
) -> list[str]:
    """Save the blocks that are not there yet; return a line for each, drift included.

    A block that the user changed stays as it is unless `overwrite` says otherwise.
    """
    return asyncio.run(_register(data_dir, overwrite, configured))


async def _register(
    data_dir: Path, overwrite: bool, configured: AppSettings | None = None
) -> list[str]:
    lines: list[str] = []
    # What has no default is there to be filled in.
    await BarsFile.aregister_type_and_schema()
    await DiscordWebhook.aregister_type_and_schema()
    for block in wanted_blocks(data_dir, configured):
        saved = await load_saved(type(block))
        name = f"{block.get_block_type_slug()}/{SAVED_NAME}"
        if saved is None or (overwrite and _content(saved) != _content(block)):
            await block.asave(SAVED_NAME, overwrite=True)
            lines.append(f"{name} saved")
        elif _content(saved) != _content(block):
            lines.append(f"{name} is kept: {_drift(saved, block)} (--overwrite replaces it)")
        else:
            lines.append(f"{name} is there")
    return lines


async def load_saved(kind: type[Saved], name: str = SAVED_NAME) -> Saved | None:
    """Return a saved block, or None where there is none."""
    try:
        return await kind.aload(name, validate=False)
    except ValueError:
        return None


def _drift(saved: Block, wanted: Block) -> str:
    """Return in which fields a block differs from the settings; a secret's value is not shown."""
    mine, theirs = _content(wanted), _content(saved)
    return ", ".join(
        f"{name} is {shown(theirs[name])!r} and the settings say {shown(mine[name])!r}"
        for name in mine
        if mine[name] != theirs[name]
    )


def _content(block: Block) -> dict[str, Any]:
    # Only the fields that a user sees: a loaded block also carries Prefect's own.
    return {name: getattr(block, name) for name in type(block).model_fields}
