"""The names of the columns of a text file that does not name them itself."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.bars.file_format import BarFileFormat
from blocks.bars.headerless.found_order import found_order, hinted_order
from blocks.bars.headerless.told_order import PASSED_OVER
from blocks.bars.headerless.values import looks_like_a_time, looks_like_data, numbers_of
from blocks.bars.sources.paths import BarPath
from blocks.bars.text.layout import TextLayout, first_rows
from trading.errors import BadInput

# Enough rows for a flat bar or two not to hide what a column is.
_LOOKED_AT = 200
# Above it a number is no clock's 235959.
_MOST_CLOCK = 240_000
_DAY_MILLISECONDS = 86_400_000


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """A name for each column of a file, and what to say of it."""

    columns: tuple[str, ...]
    notes: tuple[str, ...]


def names_of_columns(
    path: BarPath, source: BarPath | bytes, layout: TextLayout, format: BarFileFormat
) -> ColumnNames | None:
    """Return names for the columns of a file without a header, None for a file with one.

    `source` is what is read of the file at the path. Raises BadInput where the order of the
    columns is open, where what the user says of it does not fit, and where he takes the first
    row's values for names.
    """
    rows = first_rows(source, layout, 1)
    has_header = not rows or not looks_like_data(rows[0])
    said = layout.separator.join(rows[0]) if rows else ""
    if format.column_order:
        return _told(path, format.column_order, rows, said, has_header=has_header)
    by_value = looks_like_a_time(format.columns.get("ts", ""))
    if has_header and not by_value:
        return None
    rows = first_rows(source, layout, _LOOKED_AT)
    order = found_order(rows)
    if order is None and not format.columns:
        _refuse_time_without_date(path, rows)
    if order is None or format.columns:
        said_order = ",".join(order or hinted_order(rows))
        leave = "Leave --column out, and say" if format.columns else "Say"
        raise BadInput(
            f"{path} has no header: its first line looks like data, {said[:80]!r}",
            f"{leave} --columns {said_order} or whatever their order is, with - for one to pass"
            " over",
        )
    note = f"there is no header: the columns are read as {', '.join(order)}"
    return ColumnNames(_unique(order), (note,))


def _refuse_time_without_date(path: BarPath, rows: list[list[str]]) -> None:
    """Raise BadInput for rows that begin with counts since midnight, as no column can mend."""
    begins = numbers_of([row[0] for row in rows if row])
    if begins is None or not all(number.is_integer() for number in begins):
        return
    if _MOST_CLOCK < begins[-1] < _DAY_MILLISECONDS and begins == sorted(set(begins)):
        raise BadInput(
            f"{path} has no header and no dates: its rows begin with counts since midnight, such"
            f" as {rows[0][0]}",
            "Write each row's date and time in front, such as 2024-01-31 09:30",
        )


def _told(
    path: BarPath, order: tuple[str, ...], rows: list[list[str]], said: str, *, has_header: bool
) -> ColumnNames:
    if has_header:
        raise BadInput(
            f"{path} has a header, {said[:80]!r}, and --columns is for files without one",
            "Leave --columns out, or name single columns with --column ts=NAME",
        )
    if len(rows[0]) != len(order):
        raise BadInput(
            f"--columns names {len(order)} columns, and {path} has {len(rows[0])}: {said[:80]!r}",
            "Name each in the file's order, with - for one to pass over",
        )
    return ColumnNames(_unique(order), ())


def _unique(order: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"column {at}" if name == PASSED_OVER else name for at, name in enumerate(order, 1)
    )
