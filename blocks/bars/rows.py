"""The rows of one file as arrays, with the place of everything that is no bar."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import polars as pl

from blocks.bars.chosen_columns import Part, number_in_text
from blocks.bars.columns import INVISIBLE
from blocks.bars.lazy_columns import LateNumbers, is_large
from blocks.bars.stamps.evidence import Keys
from blocks.bars.tables import reading
from blocks.bars.times.utc import time_expression
from blocks.bars.times.values import TimeSource, TimeWriting
from trading.errors import BadInput
from trading.market.bars import NUMBERS, AnyRows, BarRows
from trading.market.calendar import from_microseconds

_NO_NUMBER = ("na", "n/a", "nan", "null", "none", "-", "")
_DAY_US = 86_400_000_000
# Shorter chunks cost more to handle than to copy together.
_FEWEST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class KeyPiece:
    """All stamps of one file and the numbers of their symbols, which index `names`, in blocks.

    `zone` is the one that stamps were read in, None where they carry their own.
    """

    names: tuple[str, ...]
    blocks: tuple[Keys, ...]
    zone: str | None


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one file in blocks, in the order of the source.

    The symbols of the blocks index `names`, not all of which need have a row, and their starts
    are still the file's stamps.
    """

    names: tuple[str, ...]
    blocks: tuple[AnyRows, ...]
    notes: tuple[str, ...]
    zone: str | None = None

    @property
    def keys(self) -> KeyPiece:
        """Return the stamps and symbols of the rows."""
        keys = tuple(Keys(block.symbol, block.start_us) for block in self.blocks)
        return KeyPiece(self.names, keys, self.zone)


def read_piece(
    part: Part,
    wanted: tuple[str, ...] | None,
    writing: TimeWriting,
    span_us: tuple[int | None, int | None],
) -> Piece:
    """Return the rows of the wanted symbols (None: all) in `[span_us[0], span_us[1])`.

    Raises BadInput for missing times and symbols, and for prices and times that are none.
    """
    conditions = _conditions(part, wanted, span_us)
    chosen = pl.all_horizontal(conditions) if conditions else pl.lit(value=True)
    source = _time_source(part, chosen)
    # A category set of its own keeps the codes small: the shared one grows with every file.
    categories = pl.Categories.random()
    columns = [source.expression.alias("ts")]
    if part.columns.symbol is not None:
        columns.append(_symbol(part).cast(pl.Categorical(categories)).alias("symbol"))
    numbers = {
        ours: _number(part, theirs).alias(ours)
        for ours, theirs in zip(NUMBERS, part.columns.numbers, strict=True)
    }
    is_late = not conditions and _may_be_late(part)
    late = LateNumbers(part.table, numbers) if is_late else None
    if late is None:
        columns.extend(numbers.values())
    with reading(part.table.path):
        # A condition that is always true would still cost a pass, so there is none.
        rows = part.table.filled.filter(chosen) if conditions else part.table.filled
        frame = rows.select(columns).collect()
    _refuse_texts(part, frame, chosen)
    if frame.is_empty():
        return Piece((), (), ())
    times = part.times.to_utc(frame["ts"], source, writing)
    frame = frame.with_columns(times.start_us.alias("ts"))
    keep = _keep(frame, part, span_us)
    if keep is not None:
        frame = frame.filter(keep)
    if part.is_wide and frame.is_empty():
        return Piece((), (), times.notes, times.zone)
    names, code = _codes(part, frame, categories.to_series().to_list(), chosen)
    frame = frame.with_columns(code.alias("symbol"))
    blocks = _in_blocks(frame)
    rows_of = late.blocks(blocks, keep) if late is not None else tuple(map(_rows, blocks))
    return Piece(names, rows_of, times.notes, times.zone)


def _in_blocks(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Return rows as they lie in memory, in blocks of some length."""
    if frame.height < _FEWEST_ROWS * frame.n_chunks():
        frame = frame.rechunk()
    edges = [0, *itertools.accumulate(frame["ts"].chunk_lengths())]
    return [frame[begin:end] for begin, end in itertools.pairwise(edges)]


def _rows(block: pl.DataFrame) -> BarRows:
    """Return the rows as they lie in memory: where a block is one chunk nothing is copied."""
    symbol, start_us, *real = (block[name].to_numpy() for name in ("symbol", "ts", *NUMBERS))
    return BarRows(symbol, start_us, real[0], real[1], real[2], real[3], real[4])


def _may_be_late(part: Part) -> bool:
    """Return whether its numbers need no judging and are best read one column after the other."""
    texts = [name for name in part.columns.numbers if part.table.schema[name] == pl.String]
    return not texts and not part.is_wide and is_large(part.table)


def read_keys(part: Part, writing: TimeWriting) -> KeyPiece:
    """Return the stamps and symbols of all rows of one file, and read no other column.

    Raises BadInput for missing times and symbols, and for times that are none.
    """
    everything = pl.lit(value=True)
    source = _time_source(part, everything)
    categories = pl.Categories.random()
    columns = [source.expression.alias("ts")]
    if part.columns.symbol is not None:
        columns.append(_symbol(part).cast(pl.Categorical(categories)).alias("symbol"))
    if part.is_wide:
        columns.extend(
            _number(part, theirs).alias(ours)
            for ours, theirs in zip(NUMBERS, part.columns.numbers, strict=True)
        )
    with reading(part.table.path):
        frame = part.table.filled.select(columns).collect()
    times = part.times.to_utc(frame["ts"], source, writing)
    frame = frame.with_columns(times.start_us.alias("ts"))
    keep = _keep(frame, part, (None, None))
    if keep is not None:
        frame = frame.filter(keep)
    if part.is_wide and frame.is_empty():
        return KeyPiece((), (), times.zone)
    names, code = _codes(part, frame, categories.to_series().to_list(), everything)
    blocks = _in_blocks(frame.select("ts", code.alias("symbol")))
    keys = tuple(Keys(block["symbol"].to_numpy(), block["ts"].to_numpy()) for block in blocks)
    return KeyPiece(names, keys, times.zone)


def read_symbols(part: Part) -> list[str]:
    """Return the symbols of one file, in no order."""
    if part.is_wide:
        numbers = [_number(part, name).alias(name) for name in part.columns.numbers]
        with reading(part.table.path):
            there = part.table.filled.select(numbers).select(_has_a_number(pl.all()).any())
            return [str(part.symbol)] if there.collect().item() else []
    if part.symbol is not None:
        return [part.symbol]
    if part.told_symbol is not None:
        return [part.told_symbol]
    with reading(part.table.path):
        names = part.table.filled.select(_symbol(part).alias("symbol").unique()).collect()
    return [name for name in names["symbol"].to_list() if name]


def _has_a_number(columns: pl.Expr) -> pl.Expr:
    """Return whether a row of a wide table is of this symbol too."""
    return pl.any_horizontal(columns.is_not_null() & columns.is_not_nan())


def _symbol(part: Part) -> pl.Expr:
    name = str(part.columns.symbol)
    text = pl.col(name)
    if part.table.is_text:
        return text.str.strip_chars(INVISIBLE).replace("", None)
    kind = part.table.schema[name]
    if isinstance(kind, pl.Binary):
        # Bytes of one width are filled up with zeros.
        return text.cast(pl.String).str.strip_chars(INVISIBLE).replace("", None)
    return text if isinstance(kind, pl.String) else text.cast(pl.String)


def _conditions(
    part: Part, wanted: tuple[str, ...] | None, span_us: tuple[int | None, int | None]
) -> list[pl.Expr]:
    """Return the conditions on rows that the file itself can test, while it is being read."""
    conditions: list[pl.Expr] = []
    if wanted is not None and part.symbol is None:
        # A row without a symbol stays, so that it is refused and not passed over.
        symbol = _symbol(part)
        conditions.append(symbol.is_in(wanted) | symbol.is_null())
    name = part.columns.times[0]
    kind = part.table.schema[name]
    if len(part.columns.times) == 1 and isinstance(kind, pl.Datetime):
        # Local times are up to 14 hours from UTC; the exact test follows in _keep.
        spare = _DAY_US if kind.time_zone is None else 0
        column, (first, last) = pl.col(name), span_us
        if first is not None:
            conditions.append((column >= _literal(first - spare, kind)) | column.is_null())
        if last is not None:
            conditions.append((column < _literal(last + spare, kind)) | column.is_null())
    return conditions


def _literal(microseconds: int, kind: pl.Datetime) -> pl.Expr:
    moment = from_microseconds(microseconds)
    if kind.time_zone is None:
        return pl.lit(moment.replace(tzinfo=None)).cast(kind)
    return pl.lit(moment).cast(kind)


def _time_source(part: Part, chosen: pl.Expr) -> TimeSource:
    expression = time_expression(part.table.schema, part.columns.times)
    return TimeSource(
        part.columns.time_name,
        expression,
        lambda condition: part.table.place(chosen & condition),
    )


def _number(part: Part, name: str) -> pl.Expr:
    kind, column = part.table.schema[name], pl.col(name)
    if isinstance(kind, pl.String):
        return number_in_text(column)
    if kind.is_numeric() or isinstance(kind, pl.Null):
        return column.cast(pl.Float64)
    raise BadInput(
        f"column {name!r} of {part.table.path} holds {kind}, not numbers",
        "Name the right column with --column, for example --column close=NAME",
    )


def _refuse_texts(part: Part, frame: pl.DataFrame, chosen: pl.Expr) -> None:
    for ours, theirs in zip(NUMBERS, part.columns.numbers, strict=True):
        if part.table.schema[theirs] == pl.String and frame[ours].null_count():
            _refuse_text(part, theirs, chosen)


def _refuse_text(part: Part, name: str, chosen: pl.Expr) -> None:
    absent = pl.col(name).str.strip_chars().str.to_lowercase().is_in(_NO_NUMBER)
    bad = pl.col(name).is_not_null() & ~absent & _number(part, name).is_null()
    with reading(part.table.path):
        found = part.table.filled.filter(chosen & bad).select(name).head(1).collect()
    if not found.is_empty():
        is_header = found.item().strip() == name
        raise BadInput(
            f"text {found.item()!r} in column {name!r}, {part.table.place(chosen & bad)}",
            "Remove the line: it is a second header"
            if is_header
            else "Write a plain number such as 187.15, or leave the field empty",
        )


def _keep(
    frame: pl.DataFrame, part: Part, span_us: tuple[int | None, int | None]
) -> pl.Series | None:
    """Return which rows count, None for all."""
    stamp_us, (first, last) = frame["ts"], span_us
    keep = stamp_us.is_not_null() if stamp_us.null_count() else None
    if part.is_wide:
        there = frame.select(_has_a_number(pl.col(NUMBERS))).to_series()
        keep = there if keep is None else keep & there
    if first is not None:
        keep = (stamp_us >= first) if keep is None else keep & (stamp_us >= first)
    if last is not None:
        keep = (stamp_us < last) if keep is None else keep & (stamp_us < last)
    return keep


def _codes(
    part: Part, frame: pl.DataFrame, categories: list[str], chosen: pl.Expr
) -> tuple[tuple[str, ...], pl.Series]:
    if part.symbol is not None:
        return (part.symbol,), pl.zeros(len(frame), dtype=pl.UInt32, eager=True)
    symbol = frame["symbol"]
    if symbol.null_count() or not all(name.strip() for name in categories):
        text = _symbol(part)
        blank = text.is_null() | (text.str.strip_chars() == "")
        raise BadInput(
            f"symbol missing in column {part.columns.symbol!r}, {part.table.place(chosen & blank)}",
            "Remove the row or fill in its symbol",
        )
    return tuple(categories), symbol.to_physical()
