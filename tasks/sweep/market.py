"""The bars of sets that trade the same ones: loaded once, and mapped by other processes."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from blocks.bars.content_hash import BarHashes
from blocks.process.files.disk_errors import words_of
from blocks.stores.whole_file import umask
from tasks.backtest.daily_bars import daily_bars_of
from tasks.backtest.notes import panel_notes, refuse_no_bars
from tasks.backtest.panel import load_panel
from tasks.backtest.request import BacktestRequest
from trading.errors import StoreUnavailable
from trading.market.bars import NUMBERS, Prices
from trading.market.calendar import Session, from_microseconds, make_grid, to_microseconds
from trading.market.daily_bars import DailyBars
from trading.market.panel import Defects, Panel

# 40 bytes each.
_MOST_BARS_AT_HAND = 20_000_000
_HASH_LETTERS = 32
_HEADER = "market.json"
_DAILY = "daily_"


class MarketKey(NamedTuple):
    """What decides which bars a set needs, of one request: `symbols` empty for all of the file."""

    symbols: tuple[str, ...]
    interval_minutes: int
    warm_up: bool


@dataclass(frozen=True)
class Market:
    """A panel, of which sessions before `first_traded` only warm up, and the hash of all that.

    `traded_hash` and `past_hash` are those that a backtest of these bars has.
    """

    panel: Panel
    first_traded: int
    hash: str
    source: str = ""
    notes: tuple[str, ...] = ()
    traded_hash: str | None = None
    past_hash: str | None = None

    @property
    def traded(self) -> tuple[Session, ...]:
        """Return the sessions that are traded."""
        return self.panel.grid.sessions[self.first_traded :]

    def without_prices(self) -> Market:
        """Return what is to be told of it, without what takes room."""
        nothing = np.empty((0, len(self.panel.symbols)))
        panel = self.panel
        bare = Panel(panel.grid, panel.symbols, *(nothing,) * 5, defects=panel.defects)
        return replace(self, panel=bare)


class MarketsAtHand:
    """The markets that a process has open, those used longest ago forgotten for want of room."""

    def __init__(self) -> None:
        self._markets: dict[str, Market] = {}

    def get(self, bars_hash: str) -> Market | None:
        """Return the market with a hash, None where it is not open."""
        market = self._markets.pop(bars_hash, None)
        if market is not None:
            self._markets[bars_hash] = market
        return market

    def add(self, market: Market) -> None:
        """Open a market beside the others, as far as there is room for all."""
        self._markets[market.hash] = market
        while len(self._markets) > 1 and self._bars() > _MOST_BARS_AT_HAND:
            del self._markets[next(iter(self._markets))]

    def _bars(self) -> int:
        return sum(market.panel.close.size for market in self._markets.values())


def load_market(request: BacktestRequest, key: MarketKey) -> Market:
    """Return the bars of a request's sets, as a backtest of one of them has them.

    Raises BadInput as a backtest does.
    """
    asked = replace(request, symbols=key.symbols, interval_minutes=key.interval_minutes)
    bars = load_panel(asked, lambda work: work(), warm_up=key.warm_up)
    daily = daily_bars_of(asked, bars.panel.symbols)
    panel = replace(bars.panel, daily=None if daily is None else daily.bars)
    refuse_no_bars(bars)
    notes = (
        *bars.notes,
        *(() if daily is None else daily.notes),
        *panel_notes(panel, bars.first_traded),
    )
    hashes = BarHashes(panel, bars.first_traded)
    return Market(
        panel,
        bars.first_traded,
        _hash_of(panel, hashes),
        bars.source,
        notes,
        hashes.traded,
        hashes.past,
    )


def keep_market(root: Path, market: Market) -> Path:
    """Write a market into a folder of its hash, whole or not at all, and return that."""
    folder = root / market.hash
    if (folder / _HEADER).exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=root))
    try:
        panel = market.panel
        for name in NUMBERS:
            np.save(partial / f"{name}.npy", np.ascontiguousarray(getattr(panel, name)))
        if panel.daily is not None:
            np.save(partial / f"{_DAILY}days.npy", panel.daily.days)
            for name, values in zip(NUMBERS, panel.daily.prices, strict=True):
                np.save(partial / f"{_DAILY}{name}.npy", np.ascontiguousarray(values))
        (partial / _HEADER).write_text(json.dumps(_header(market)), encoding="utf-8")
        partial.chmod(0o777 & ~umask())
        # Another process may have been faster, with the same bars.
        if not folder.exists():
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


@contextmanager
def kept_for_others(root: Path, market: Market) -> Iterator[None]:
    """Keep a market where other processes map it, until the context ends.

    Raises StoreUnavailable when it cannot be written.
    """
    try:
        folder = keep_market(root, market)
    except OSError as error:
        raise StoreUnavailable(
            f"the bars cannot be kept in {root} for other processes: {words_of(error)}",
            "Give a folder that can be written, with room on its disk, to --out",
        ) from error
    try:
        yield
    finally:
        # What was made of the bars can be made again, and they take as much room as they do.
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            root.rmdir()


def kept_market(folder: Path) -> Market:
    """Return a market that was kept, its bars mapped and not to be written to."""
    header = json.loads((folder / _HEADER).read_text(encoding="utf-8"))
    sessions = tuple(
        Session(date.fromisoformat(day), from_microseconds(opens), from_microseconds(closes))
        for day, opens, closes in header["sessions"]
    )
    symbols = tuple(header["symbols"])
    daily = None
    if header["has_daily"]:
        days = np.load(folder / f"{_DAILY}days.npy")
        daily = DailyBars(symbols, days, _prices(folder, _DAILY))
    panel = Panel(
        make_grid(sessions, header["interval_minutes"]),
        symbols,
        *_prices(folder, ""),
        defects=Defects(**header["defects"]),
        daily=daily,
    )
    return Market(panel, header["first_traded"], header["hash"])


def _prices(folder: Path, prefix: str) -> Prices:
    return Prices(*(np.load(folder / f"{prefix}{name}.npy", mmap_mode="r") for name in NUMBERS))


def _header(market: Market) -> dict[str, object]:
    panel = market.panel
    return {
        "hash": market.hash,
        "first_traded": market.first_traded,
        "symbols": panel.symbols,
        "interval_minutes": panel.grid.interval_minutes,
        "sessions": _sessions(panel),
        "defects": panel.defects.as_dict(),
        "has_daily": panel.daily is not None,
    }


def _sessions(panel: Panel) -> list[tuple[str, int, int]]:
    return [
        (day.date.isoformat(), to_microseconds(day.open), to_microseconds(day.close))
        for day in panel.grid.sessions
    ]


def _hash_of(panel: Panel, hashes: BarHashes) -> str:
    """Return a hash of all that a run sees of its bars: traded ones, those before, and days."""
    daily = "" if panel.daily is None else panel.daily.sha256
    said = json.dumps([hashes.traded, hashes.past, daily])
    return hashlib.sha256(said.encode()).hexdigest()[:_HASH_LETTERS]
