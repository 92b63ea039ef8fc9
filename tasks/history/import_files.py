"""Import: bars of the user's files into the archive, by the loading order of the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np

from blocks.archive.archive import BarArchive
from blocks.archive.news import Stored
from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import date_range, read_bars
from blocks.providers.fetched_bars import FetchedBars
from trading.errors import BadInput
from trading.market.bars import BarRows, Defects, Panel
from trading.market.calendar import make_grid, sessions_between, to_microseconds
from trading.market.panel_loading import make_panel
from trading.session.ports import Clock


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; counts of bars, and one sentence for each guess about the file."""

    symbols: tuple[str, ...]
    stored: Stored
    defects: Defects
    notes: tuple[str, ...]
    folder: Path


def import_bars(
    path: Path,
    symbols: tuple[str, ...],
    exchange: str,
    interval_minutes: int,
    file_format: BarFileFormat,
    data_dir: Path,
    clock: Clock,
    progress: Callable[[str, int, int], None] | None = None,
) -> Imported:
    """Store a file's valid bars of regular sessions as bars of one length.

    Raises BadInput for a file that cannot be read or holds no bar of a session.
    """
    tell = progress or (lambda step, done, total: None)
    tell("reading", 0, 1)
    first, last = date_range(path, file_format, exchange, symbols=symbols or None)
    sessions = sessions_between(exchange, first, last)
    file = read_bars(path, symbols or None, exchange, file_format)
    tell("checking", 0, 1)
    panel = make_panel(file.blocks, make_grid(sessions, interval_minutes), file.symbols)
    rows = rows_of(panel)
    if not len(rows):
        raise BadInput(
            f"{path} has no valid bar inside a session of {exchange} from {first} to {last}",
            "Check --exchange, --timezone and --stamp",
        )
    tell("storing", 0, 1)
    fetched_us = to_microseconds(clock.now().astimezone(UTC))
    whole = np.zeros(len(rows), dtype=np.int64)
    archive = BarArchive(data_dir, interval_minutes, clock)
    stored = archive.upsert(
        FetchedBars(file.symbols, rows, (f"file {path.name}",), whole, whole + fetched_us)
    )
    return Imported(file.symbols, stored, panel.defects, file.notes, archive.folder)


def rows_of(panel: Panel) -> BarRows:
    """Return a panel's present bars as rows, by time and then symbol."""
    bar, symbol = np.nonzero(~np.isnan(panel.close))
    return BarRows(
        symbol.astype(np.int64),
        panel.grid.start_us[bar],
        panel.open[bar, symbol],
        panel.high[bar, symbol],
        panel.low[bar, symbol],
        panel.close[bar, symbol],
        panel.volume[bar, symbol],
        panel.grid.interval_minutes,
    )
