"""Bars from the user's own files: Parquet or CSV, one file or a folder of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocks.bars.chosen_columns import Part, open_parts
from blocks.bars.file_format import BarFileFormat
from blocks.bars.names.asked import Asked, asked_for, one_name_each
from blocks.bars.one_writing import writing_of, zones_behind
from blocks.bars.rows import KeyPiece, Piece, read_keys, read_piece, read_symbols
from blocks.bars.stamps.evidence import Keys
from blocks.bars.stamps.lengths import refuse_longer
from blocks.bars.stamps.start_or_end import find_shift, unique_stamps
from blocks.bars.times.values import TimeWriting
from trading.errors import BadInput
from trading.market.bars import AnyRows, BarRows, Integers, join_rows
from trading.market.calendar import from_microseconds, to_microseconds
from trading.market.plausibility.checks import judge_bars
from trading.market.plausibility.clock.file_clock import FileClock
from trading.market.plausibility.look import look_at_files
from trading.market.symbols import symbol_key, written_symbols


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
    bar_minutes: int | None = None,
) -> BarFile:
    """Return the bars of a Parquet or CSV file, or of a folder of them, as its rows stand.

    `symbols` None means all, sorted; a symbol is found in any of its forms (BRK.B, BRK-B) and
    called as it is asked for. `start` and `end` are UTC dates; rows more than a day outside them
    are left out. What stamps are is judged from all rows, whatever is asked for, so that the same
    bars come of any part of a file. Nulls become NaN, and duplicates and disorder stay.
    `bar_minutes` is the length of the bars that are to be made of the rows, None where none are.
    Raises BadInput for anything in the files that cannot be read as such bars.
    """
    asked = asked_for(symbols, format.symbol)
    span_us = _span(start, end)
    is_whole = asked is None and span_us == (None, None)
    parts = list(open_parts(path, format, asked.symbols if asked else ()))
    writing = writing_of(path, _one_each(parts), format, exchange)
    whole = [] if is_whole else [read_keys(part, writing) for part in parts]
    names = {name for piece in whole for name in piece.names}
    pieces, notes = _pieces(parts, writing, asked, names, span_us)
    if is_whole:
        whole = [piece.keys for piece in pieces]
        names = {name for piece in whole for name in piece.names}
    if asked is not None and format.symbol is None:
        asked.refuse_absent(names, path)
    present = one_name_each(names)
    number = _by_key(present)
    stamps = [unique_stamps([keys.stamp_us for keys in piece.blocks]) for piece in whole]
    shift, stamp_notes = find_shift(
        stamps[0] if len(stamps) == 1 else unique_stamps(stamps),
        [keys for piece in whole for keys in _numbered(number, piece)],
        present,
        exchange,
        format.stamp,
        format.interval_minutes,
    )
    chosen = present if asked is None else asked.called(names)
    number_of_chosen = _by_key(chosen)
    shifts = [shift.of_file(once, format.interval_minutes) for once in stamps]
    if format.interval_minutes is None:
        for part, piece, each in zip(parts, whole, shifts, strict=True):
            if each.hours is not None and len(piece.names) > 1:
                keys, where = tuple(_numbered(number, piece)), part.table.path.name
                refuse_longer(present, keys, each.hours, each.interval_us, where)
    starts = [each.starts_of(once) for each, once in zip(shifts, stamps, strict=True)]
    blocks = tuple(
        replace(
            block,
            start_us=each.moved(block.start_us),
            interval_minutes=format.interval_minutes,
        )
        for piece, each in zip(pieces, shifts, strict=True)
        for block in _coded(number_of_chosen, piece)
    )
    if not blocks:
        notes.append(f"no rows of {path} lie between the dates asked for")
    clocks = tuple(
        _clock(part, piece, once, format.timezone)
        for part, piece, once in zip(parts, whole, starts, strict=True)
    )
    notes.extend(stamp_notes)
    notes.extend(
        judge_bars(look_at_files(path.name, exchange, clocks, chosen, blocks, bar_minutes))
    )
    if not is_whole:
        starts = [block.start_us for block in blocks]
    starts_us = starts[0] if is_whole and len(starts) == 1 else unique_stamps(starts)
    return BarFile(blocks, starts_us, chosen, tuple(dict.fromkeys(notes)))


def _clock(part: Part, piece: KeyPiece, starts_us: Integers, told: str | None) -> FileClock:
    is_told = piece.zone is not None and piece.zone == told
    first = part.table.first[part.columns.times[0]][0] if len(part.columns.times) == 1 else None
    path = part.table.path
    return FileClock(
        path.name,
        starts_us,
        piece.zone,
        is_told,
        first.strip() if isinstance(first, str) else "",
        lambda: zones_behind(part, told),
        # What lies in a .zip has to be unpacked, to be read alone.
        str(path) if isinstance(path, Path) else path.name,
        len(piece.names),
    )


def symbols_in(
    path: Path, format: BarFileFormat = _AS_FOUND, *, symbols: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return all symbols of a file or folder, sorted, each by one of its names.

    `symbols` are those that are asked for, which may settle what a file's name means. Raises
    BadInput as read_bars does.
    """
    parts = open_parts(path, format, symbols or ())
    return one_name_each(name for part in parts for name in read_symbols(part))


def date_range(
    path: Path,
    format: BarFileFormat = _AS_FOUND,
    exchange: str = "NYSE",
    *,
    symbols: Sequence[str] | None = None,
) -> tuple[date, date]:
    """Return the first and last UTC date of the stamps in a file or folder.

    `symbols` are those that are asked for; other files' dates count too. Raises BadInput as
    read_bars does.
    """
    parts = list(open_parts(path, format, symbols or ()))
    writing = writing_of(path, _one_each(parts), format, exchange)
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


def _one_each(parts: Iterable[Part]) -> list[Part]:
    """Return one part of each table: all of a table's have the same times."""
    return [part for part in parts if part.is_first_of_table]


def _pieces(
    parts: Sequence[Part],
    writing: TimeWriting,
    asked: Asked | None,
    there: AbstractSet[str],
    span_us: tuple[int | None, int | None],
) -> tuple[list[Piece], list[str]]:
    """Return the rows of the symbols asked for by part, none of another symbol's, and notes.

    `there` are all names in the parts, in whatever form.
    """
    forms = None if asked is None else tuple(sorted(filter(asked.has, there)))
    notes: list[str] = []
    pieces: list[Piece] = []
    said: set[str] = set()
    for part in parts:
        notes.extend(part.notes)
        if not (part.symbol is None or asked is None or asked.has(part.symbol)):
            pieces.append(Piece((), (), ()))
        else:
            piece = read_piece(part, None if part.told_symbol else forms, writing, span_us)
            pieces.append(piece if part.told_symbol is None else _told(piece, part.told_symbol))
            said.update(piece.names if part.told_symbol else ())
            notes.extend(piece.notes)
    if asked is not None and len(names := one_name_each(said)) > 1:
        raise BadInput(
            f"all rows are of {asked.symbols[0]} as told, and a column says"
            f" {written_symbols(names[:5])}",
            "Leave --symbol out, and ask for one of them with --symbols",
        )
    return pieces, notes


def _told(piece: Piece, symbol: str) -> Piece:
    """Return rows as those of the symbol that the user says they are of."""
    return replace(piece, names=(symbol,) * len(piece.names))


def _coded(number: Mapping[str, int], piece: Piece) -> Iterator[AnyRows]:
    """Yield the piece's rows with their symbols' numbers instead of the piece's own."""
    place = _places(number, piece.names)
    for block in piece.blocks:
        yield replace(block, symbol=place[block.symbol])


def _numbered(number: Mapping[str, int], piece: KeyPiece) -> Iterator[Keys]:
    """Yield the piece's keys likewise."""
    place = _places(number, piece.names)
    for keys in piece.blocks:
        yield replace(keys, symbol=place[keys.symbol])


def _by_key(symbols: tuple[str, ...]) -> dict[str, int]:
    return {symbol_key(symbol): index for index, symbol in enumerate(symbols)}


def _places(number: Mapping[str, int], names: tuple[str, ...]) -> NDArray[np.int32]:
    return np.array([number.get(symbol_key(name), -1) for name in names], dtype=np.int32)
