"""Import: bars of the user's files into the archive, by the loading order of the rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from pathlib import Path

import numpy as np

from blocks.archive.archive import BarArchive
from blocks.archive.bar_source import date_range, read_bars
from blocks.archive.feeds import FILE
from blocks.archive.month.news import Stored
from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import BarFile
from blocks.bars.sources.found import find_files
from blocks.bars.sources.paths import TEXT_SUFFIXES, suffix_of
from blocks.providers.fetched_bars import FetchedBars
from trading.errors import BadInput
from trading.market.bars import BarRows
from trading.market.calendar import (
    EPOCH,
    Session,
    make_grid,
    sessions_between,
    to_microseconds,
)
from trading.market.panel import Defects, Panel
from trading.market.panel_loading import make_panel
from trading.session.ports import Clock

# Read, arranged and stored together they take half a gigabyte or so.
ROWS_AT_ONCE = 2_500_000
# What a row takes in a file, at the least.
_BYTES_OF_TEXT, _BYTES_PACKED = 45, 10
_NOT_PACKED = tuple(suffix for suffix in TEXT_SUFFIXES if not suffix.endswith(".gz"))
# Rows from so long before the open belong to a session's part, and earlier ones to the one before.
_BEFORE_OPEN = timedelta(hours=6)
_EARLIEST_US, _LATEST_US = -(2**62), 2**62


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
    rows_at_once: int = ROWS_AT_ONCE,
) -> Imported:
    """Store a file's valid bars of regular sessions as bars of one length.

    Large files are read and stored some sessions at a time, about `rows_at_once` rows. Raises
    BadInput for a file that cannot be read or holds no bar of a session.
    """
    tell = progress or (lambda step, done, total: None)
    tell("reading", 0, 1)
    first, last = date_range(path, file_format, exchange, symbols=symbols or None)
    sessions = sessions_between(exchange, first, last)
    archive = BarArchive(data_dir, interval_minutes, clock)
    fetched_us = to_microseconds(clock.now().astimezone(UTC))
    there: tuple[str, ...] = ()
    stored, defects, notes = Stored(), Defects(), dict[str, None]()
    stretches = _stretches(sessions, -(-_rows_about(path) // rows_at_once))
    for number, stretch in enumerate(stretches):
        tell("storing", number, len(stretches))
        try:
            file = read_bars(
                path,
                symbols or None,
                exchange,
                file_format,
                start=stretch.first if len(stretches) > 1 else None,
                end=stretch.last if len(stretches) > 1 else None,
                bar_minutes=interval_minutes,
            )
        except BadInput as error:
            if not stored.added:
                raise
            raise BadInput(
                f"{error.what}; its bars before {stretch.first} are in {archive.folder} already",
                f"{error.hint}, and import all again",
            ) from error
        panel = _panel_of(file, stretch, interval_minutes)
        there, defects = file.symbols, _sum(defects, panel.defects)
        if not panel.defects.rows:
            continue
        notes |= dict.fromkeys(file.notes)
        rows = rows_of(panel)
        whole = np.zeros(len(rows), dtype=np.int64)
        source = (f"{FILE} {path.name}",)
        fetched = FetchedBars(file.symbols, rows, source, whole, whole + fetched_us)
        stored += archive.upsert(fetched)
    if not (stored.added or stored.revised or stored.unchanged):
        none = f"{path} has no valid bar inside a session of {exchange} from {first} to {last}"
        if defects.invalid:
            raise BadInput(
                f"{none}: {defects.invalid_in_words}",
                "Look at the file's prices, and at --column, --timezone and --stamp",
            )
        raise BadInput(none, "Check --exchange, --timezone and --stamp")
    return Imported(there, stored, defects, tuple(notes), archive.folder)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Sessions whose rows, those between them included, start in [begin_us, end_us)."""

    sessions: tuple[Session, ...]
    first: date
    last: date
    begin_us: int
    end_us: int


def _stretches(sessions: Sequence[Session], count: int) -> list[_Stretch]:
    """Return sessions in about so many parts; every row of a file belongs to one part."""
    if not sessions:
        return [_Stretch((), EPOCH.date(), EPOCH.date(), _EARLIEST_US, _LATEST_US)]
    length = -(-len(sessions) // max(1, count))
    parts = [tuple(sessions[at : at + length]) for at in range(0, len(sessions), length)]
    cuts = [to_microseconds(part[0].open - _BEFORE_OPEN) for part in parts[1:]]
    edges = [_EARLIEST_US, *cuts, _LATEST_US]
    return [
        _Stretch(part, part[0].date, part[-1].date, begin, end)
        for part, (begin, end) in zip(parts, itertools.pairwise(edges), strict=True)
    ]


def _panel_of(file: BarFile, stretch: _Stretch, interval_minutes: int) -> Panel:
    blocks = [
        block.take((block.start_us >= stretch.begin_us) & (block.start_us < stretch.end_us))
        for block in file.blocks
    ]
    return make_panel(blocks, make_grid(stretch.sessions, interval_minutes), file.symbols)


def _rows_about(path: Path) -> int:
    """Return how many rows a path's files have, by their sizes: no more than twice as many."""
    return sum(
        file.stat().st_size // (_BYTES_OF_TEXT if suffix_of(file) in _NOT_PACKED else _BYTES_PACKED)
        for file in find_files(path)
    )


def _sum(one: Defects, other: Defects) -> Defects:
    return Defects(
        rows=one.rows + other.rows,
        outside_session=one.outside_session + other.outside_session,
        duplicate=one.duplicate + other.duplicate,
        invalid=one.invalid + other.invalid,
        zero_volume=one.zero_volume + other.zero_volume,
        missing=one.missing + other.missing,
    )


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
