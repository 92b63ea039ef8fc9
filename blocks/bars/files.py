"""Bars from the user's own files: Parquet or CSV, one file or a folder of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocks.bars.chosen_columns import open_parts
from blocks.bars.file_format import BarFileFormat
from blocks.bars.one_writing import writing_of
from blocks.bars.rows import KeyPiece, Piece, read_keys, read_piece, read_symbols
from blocks.bars.stamp_evidence import Keys
from blocks.bars.stamps import find_shift, unique_stamps
from trading.errors import BadInput
from trading.market.bars import AnyRows, BarRows, Integers, join_rows
from trading.market.calendar import from_microseconds, to_microseconds
from trading.market.plausibility.checks import judge_bars
from trading.market.plausibility.look import FileClock, look_at_files


@dataclass(frozen=True, slots=True)
class BarFile:
    """Rows in the order of the source, the symbols that they index, and what was guessed.

    The arrays of `blocks` may be read-only, and numbers still be in the file. `starts_us` has
    each start of the rows once, in order. `notes` holds one sentence for each guess and warning.
    """

    blocks: tuple[AnyRows, ...]
    starts_us: Integers
    symbols: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> BarRows:
        """Return all rows as one block."""
        return join_rows(self.blocks, self.blocks[0].interval_minutes if self.blocks else None)


_AS_FOUND = BarFileFormat()


def read_bars(
    path: Path,
    symbols: Sequence[str] | None,
    exchange: str = "NYSE",
    format: BarFileFormat = _AS_FOUND,
    *,
    start: date | None = None,
    end: date | None = None,
) -> BarFile:
    """Return the bars of a Parquet or CSV file, or of a folder of them, as its rows stand.

    `symbols` None means all, sorted. `start` and `end` are UTC dates; rows more than a day
    outside them are left out. What stamps are is judged from all rows, whatever is asked for, so
    that the same bars come of any part of a file. Nulls become NaN, and duplicates and disorder
    stay. Raises BadInput for anything in the files that cannot be read as bars.
    """
    wanted = None if symbols is None else tuple(dict.fromkeys(symbols))
    if wanted is not None and not wanted:
        raise BadInput("no symbol was asked for", "Name at least one symbol, or none for all")
    span_us = _span(start, end)
    notes: list[str] = []
    pieces: list[Piece] = []
    whole: list[KeyPiece] = []
    is_whole = wanted is None and span_us == (None, None)
    parts = list(open_parts(path, format))
    writing = writing_of(path, parts, format, exchange)
    for part in parts:
        notes.extend(part.notes)
        if part.symbol is None or wanted is None or part.symbol in wanted:
            pieces.append(read_piece(part, wanted, writing, span_us))
            notes.extend(pieces[-1].notes)
        whole.append(pieces[-1].keys if is_whole else read_keys(part, writing))
    present = tuple(sorted({name for piece in whole for name in piece.names}))
    _refuse_absent(wanted or (), present, path)
    stamps = [unique_stamps([keys.stamp_us for keys in piece.blocks]) for piece in whole]
    shift, stamp_notes = find_shift(
        stamps[0] if len(stamps) == 1 else unique_stamps(stamps),
        [keys for piece in whole for keys in _numbered(present, piece)],
        present,
        exchange,
        format.stamp,
        format.interval_minutes,
    )
    wanted = present if wanted is None else wanted
    blocks = tuple(
        replace(
            block,
            start_us=shift.moved(block.start_us),
            interval_minutes=format.interval_minutes,
        )
        for piece in pieces
        for block in _coded(wanted, piece)
    )
    if not blocks:
        notes.append(f"no rows of {path} lie between the dates asked for")
    clocks = tuple(
        _clock(piece, shift.starts_of(once), format.timezone)
        for piece, once in zip(whole, stamps, strict=True)
    )
    notes.extend(stamp_notes)
    notes.extend(judge_bars(look_at_files(path.name, exchange, clocks, wanted, blocks)))
    starts_us = shift.starts_us if is_whole else unique_stamps([block.start_us for block in blocks])
    return BarFile(blocks, starts_us, wanted, tuple(dict.fromkeys(notes)))


def _clock(piece: KeyPiece, starts_us: Integers, told: str | None) -> FileClock:
    is_told = piece.zone is not None and piece.zone == told
    return FileClock(piece.path.name, starts_us, piece.zone, is_told)


def symbols_in(path: Path, format: BarFileFormat = _AS_FOUND) -> tuple[str, ...]:
    """Return all symbols of a file or folder, sorted. Raises BadInput as read_bars does."""
    return tuple(sorted({name for part in open_parts(path, format) for name in read_symbols(part)}))


def date_range(
    path: Path, format: BarFileFormat = _AS_FOUND, exchange: str = "NYSE"
) -> tuple[date, date]:
    """Return the first and last UTC date of the stamps in a file or folder.

    Raises BadInput as read_bars does.
    """
    parts = list(open_parts(path, format))
    writing = writing_of(path, parts, format, exchange)
    pieces = [read_keys(part, writing) for part in parts]
    filled = [keys.stamp_us for piece in pieces for keys in piece.blocks if len(keys.stamp_us)]
    if not filled:
        raise BadInput(f"{path} holds no row with a time", "Write it again")
    first = min(int(stamp_us.min()) for stamp_us in filled)
    last = max(int(stamp_us.max()) for stamp_us in filled)
    return from_microseconds(first).date(), from_microseconds(last).date()


def _span(start: date | None, end: date | None) -> tuple[int | None, int | None]:
    if start is not None and end is not None and end < start:
        raise BadInput(f"end {end} is before start {start}", "Swap the two dates")
    day = timedelta(days=1)
    return (
        None if start is None else to_microseconds(_midnight(start) - day),
        None if end is None else to_microseconds(_midnight(end) + 2 * day),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _refuse_absent(wanted: Iterable[str], there: Sequence[str], path: Path) -> None:
    known = frozenset(there)
    absent = [symbol for symbol in wanted if symbol not in known]
    if not absent:
        return
    more = f" and {len(there) - 10} more" if len(there) > 10 else ""
    # A name with spaces at its end looks like the one asked for.
    shown = [name if name == name.strip() else repr(name) for name in there[:10]]
    raise BadInput(f"{path} has no rows of {', '.join(absent)}", f"It has {', '.join(shown)}{more}")


def _coded(symbols: tuple[str, ...], piece: Piece) -> Iterator[AnyRows]:
    """Yield the piece's rows with their place among the symbols instead of the piece's own."""
    place = _places(symbols, piece.names)
    for block in piece.blocks:
        yield replace(block, symbol=place[block.symbol])


def _numbered(symbols: tuple[str, ...], piece: KeyPiece) -> Iterator[Keys]:
    """Yield the piece's keys likewise."""
    place = _places(symbols, piece.names)
    for keys in piece.blocks:
        yield replace(keys, symbol=place[keys.symbol])


def _places(symbols: tuple[str, ...], names: tuple[str, ...]) -> NDArray[np.int32]:
    number = {symbol: index for index, symbol in enumerate(symbols)}
    return np.array([number.get(name, -1) for name in names], dtype=np.int32)
