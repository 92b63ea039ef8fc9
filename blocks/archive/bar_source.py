"""Bars behind a path: those of an archive as they are known to be, others as files of the user.

The archive's own files name bars by their starts in UTC, and of each symbol one feed is read, so
that nothing of them is guessed. Of them only what is asked for is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from blocks.archive.feeds import named, notes_of_feeds
from blocks.archive.month.files import (
    COLUMNS_BEFORE_FEEDS,
    newest_of_each,
    rows_of,
    scan_bars_file,
)
from blocks.archive.month.runs import file_name, folder_minutes
from blocks.archive.reader import ArchiveReader
from blocks.bars import files
from blocks.bars.file_format import BarFileFormat
from blocks.bars.files import BarFile
from blocks.bars.names.asked import one_name_each
from blocks.bars.sources.paths import suffix_of
from trading.errors import BadInput
from trading.market.symbols import symbol_forms, symbol_key

_AS_FOUND = BarFileFormat()
_DAY = timedelta(days=1)
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MOST_NAMED = 10


def read_bars(
    path: Path,
    symbols: Sequence[str] | None,
    exchange: str = "NYSE",
    format: BarFileFormat = _AS_FOUND,
    *,
    start: date | None = None,
    end: date | None = None,
    bar_minutes: int | None = None,
) -> BarFile:
    """Return the bars of an archive's folder, or of files as `blocks.bars.files` reads them.

    Arguments are those of `blocks.bars.files.read_bars`. Raises BadInput.
    """
    archive = archive_at(path)
    if archive is None:
        if format.feed is not None:
            raise BadInput(f"{path} is no archive, and its bars are of no feed", "Leave --feed out")
        return files.read_bars(
            path, symbols, exchange, format, start=start, end=end, bar_minutes=bar_minutes
        )
    first = _EARLIEST if start is None else datetime.combine(start - _DAY, time(), UTC)
    last = _LATEST if end is None else datetime.combine(end + 2 * _DAY, time(), UTC)
    forms = None if symbols is None else _forms_of(symbols)
    found, damaged = archive.readable(forms, first, last)
    notes = tuple(f"WARNING: {line}" for line in damaged)
    found = _called(found, symbols)
    if format.feed is not None:
        found = _of_feed(archive, found, symbols, format.feed)
    frame, choices = archive.chosen(found)
    there = set(frame["symbol"].unique().to_list())
    wanted = tuple(sorted(there)) if symbols is None else tuple(dict.fromkeys(symbols))
    if not there.issuperset(wanted) and not damaged:
        _refuse_absent(archive, wanted)
    rows = rows_of(frame, wanted, archive.interval_minutes)
    return BarFile((rows,), np.unique(rows.start_us), wanted, (*notes, *notes_of_feeds(choices)))


def symbols_in(
    path: Path, format: BarFileFormat = _AS_FOUND, *, symbols: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return all symbols behind a path, sorted.

    Arguments are those of `blocks.bars.files.symbols_in`. Raises BadInput.
    """
    archive = archive_at(path)
    if archive is None:
        return files.symbols_in(path, format, symbols=symbols)
    return one_name_each(_names_in(archive))


def date_range(
    path: Path,
    format: BarFileFormat = _AS_FOUND,
    exchange: str = "NYSE",
    *,
    symbols: Sequence[str] | None = None,
) -> tuple[date, date]:
    """Return the first and last UTC date of the stamps behind a path.

    Arguments are those of `blocks.bars.files.date_range`. Raises BadInput.
    """
    archive = archive_at(path)
    if archive is None:
        return files.date_range(path, format, exchange, symbols=symbols)
    spans = [span for file in archive.files if (span := _span_of(file)) is not None]
    if not spans:
        raise BadInput(f"no file of {path} can be read", "Fetch its bars again: openbell fetch")
    return min(first for first, _ in spans).date(), max(last for _, last in spans).date()


def archive_at(path: Path) -> ArchiveReader | None:
    """Return the archive of a folder that holds no other bars than its own, or of one file of it.

    None for any other path. Raises BadInput for the folder of several archives.
    """
    name = file_name(path)
    if path.is_file():
        if name is None or not _is_of_archive(path):
            return None
        return ArchiveReader(path.parent, folder_minutes(path.parent.name), only=name)
    try:
        visible = [file for file in path.iterdir() if not file.name.startswith((".", "_"))]
    except (NotADirectoryError, FileNotFoundError, PermissionError):
        return None
    _refuse_several(path, visible)
    # What the archive remembers besides bars lies there too.
    bars = [file for file in visible if suffix_of(file) or file.is_dir()]
    if any(file_name(file) is None for file in bars) or not any(map(_is_of_archive, bars)):
        return None
    return ArchiveReader(path, folder_minutes(path.name))


def _refuse_several(path: Path, visible: Sequence[Path]) -> None:
    lengths = [folder for folder in visible if folder_minutes(folder.name) and folder.is_dir()]
    several = [folder for folder in lengths if archive_at(folder) is not None]
    if several:
        raise BadInput(
            f"{path} holds an archive for each length of bars",
            f"Name one: --bars {min(several)}",
        )


def _is_of_archive(file: Path) -> bool:
    try:
        return set(COLUMNS_BEFORE_FEEDS) <= set(pl.read_parquet_schema(file))
    except (pl.exceptions.PolarsError, OSError):
        return False


def _names_in(archive: ArchiveReader) -> set[str]:
    found: set[str] = set()
    for file in archive.files:
        names = scan_bars_file(file).select(pl.col("symbol").unique())
        # Of what is damaged, reading says so.
        with suppress(pl.exceptions.PolarsError, OSError):
            found.update(names.collect()["symbol"].to_list())
    return found


def _span_of(file: Path) -> tuple[datetime, datetime] | None:
    try:
        return (
            scan_bars_file(file)
            .select(pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last"))
            .collect()
            .row(0)
        )
    except (pl.exceptions.PolarsError, OSError):
        return None


def _forms_of(symbols: Sequence[str]) -> list[str]:
    """Return every usual way of writing symbols, as providers and files have them."""
    return sorted({form for symbol in symbols for form in symbol_forms(symbol)})


def _called(found: pl.DataFrame, symbols: Sequence[str] | None) -> pl.DataFrame:
    """Return bars under the names asked for, or one for each symbol: BRK-B is BRK.B."""
    names = found["symbol"].unique().to_list()
    by_key = {symbol_key(name): name for name in symbols or one_name_each(names)}
    other = {
        name: by_key[key]
        for name in names
        if (key := symbol_key(name)) in by_key and by_key[key] != name
    }
    if not other:
        return found
    renamed = found.with_columns(pl.col("symbol").replace(other))
    return newest_of_each([renamed])


def _of_feed(
    archive: ArchiveReader, found: pl.DataFrame, symbols: Sequence[str] | None, feed: str
) -> pl.DataFrame:
    mine = found.filter(pl.col("feed") == feed)
    without = set(found["symbol"].unique().to_list()) - set(mine["symbol"].unique().to_list())
    if without and (symbols is not None or mine.is_empty()):
        others = sorted(found.filter(pl.col("symbol").is_in(list(without)))["feed"].unique())
        raise BadInput(
            f"{archive.folder} has no bars of {named(sorted(without))} of the feed {feed} there",
            f"It has them of {', '.join(others)}: leave --feed out, or name one of these",
        )
    return mine


def _refuse_absent(archive: ArchiveReader, wanted: Sequence[str]) -> None:
    known = _names_in(archive)
    absent = sorted(name for name in wanted if known.isdisjoint(symbol_forms(name)))
    if absent:
        raise BadInput(
            f"{archive.folder} has no bars of {named(absent)}",
            f"It has {named(one_name_each(known))}; others come with openbell fetch --symbols"
            f" {','.join(absent[:_MOST_NAMED])}",
        )
