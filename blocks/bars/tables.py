"""The files behind a path, each opened as a lazy table whose rows can be counted in messages."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from blocks.bars.file_format import BarFileFormat
from blocks.bars.headerless.column_names import names_of_columns
from blocks.bars.sources.first_bytes import refuse_no_parquet, refuse_no_text
from blocks.bars.sources.paths import TEXT_SUFFIXES, BarPath, content_of, suffix_of
from blocks.bars.text.layout import header_levels, refuse_unfinished, text_layout, wide_row
from blocks.bars.text.oddities import find_oddities, mended
from blocks.bars.times.zone_names import in_known_zones
from blocks.process.files.disk_errors import words_of
from trading.errors import BadInput

_FEW_ROWS = 100
_DAMAGES = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
)


@dataclass(frozen=True, slots=True)
class Table:
    """One file: its lazy rows in the order of the source, every column text when `is_text`.

    `lines_above` counts the lines of a text file that stand above the last one of its header, and
    is one less where there is no header; `first` is the first of the filled rows.
    """

    path: BarPath
    rows: pl.LazyFrame
    schema: pl.Schema
    is_text: bool
    notes: tuple[str, ...]
    lines_above: int = 0
    first: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def filled(self) -> pl.LazyFrame:
        """Return the rows without the blank lines of a text file."""
        return self._without_blank_lines(self.rows)

    def first_filled(self) -> pl.DataFrame:
        """Return the first row that is not blank, none where all are."""
        # Of a file of a thousand columns it takes long to look for blank lines in all.
        few = self._without_blank_lines(self.rows.head(_FEW_ROWS)).head(1).collect()
        return self.filled.head(1).collect() if few.is_empty() else few

    def place(self, condition: pl.Expr) -> str:
        """Return the first row where the condition holds, for a message.

        Rows count from 1; those of a text file have a line too, as an editor counts them.
        """
        with reading(self.path):
            numbered = self._without_blank_lines(self.rows.with_row_index("__row"))
            found = numbered.filter(condition).select("__row").head(1).collect()
        if found.is_empty():
            return str(self.path)
        number = int(found.item()) + 1
        line = f" (line {number + 1 + self.lines_above})" if self.is_text else ""
        return f"row {number}{line} of {self.path}"

    def _without_blank_lines(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        if not self.is_text:
            return rows
        return rows.filter(pl.any_horizontal(pl.col(self.schema.names()).is_not_null()))


@contextmanager
def reading(path: BarPath) -> Iterator[None]:
    """Turn what polars and the system raise about a file into BadInput."""
    damaged = "The file is damaged, half-written or not what its suffix says; write it again"
    try:
        yield
    except _DAMAGES as error:
        wide = wide_row(path) if "found more fields" in str(error) else None
        if wide is not None:
            hint = "Quote values that hold a separator, or write the file again"
            raise BadInput(wide, hint) from error
        other = "utf-8" in str(error).lower()
        hint = "Save it as CSV in UTF-8; otherwise it is damaged" if other else damaged
        raise BadInput(f"{path} cannot be read: {words_of(error)}", hint) from error
    except OSError as error:
        # Without a number of the system it is the content that is wrong, such as half a gzip.
        hint = damaged if error.errno is None else "Check the path and who may read it"
        raise BadInput(f"{path} cannot be read: {words_of(error)}", hint) from error


def open_table(path: BarPath, format: BarFileFormat) -> Table:
    """Open one file as the format says. Raises BadInput when it is unreadable, damaged or empty."""
    with reading(path):
        if isinstance(path, Path):
            _refuse_nothing(path)
        is_text = suffix_of(path) in TEXT_SUFFIXES
        table = _open_csv(path, format) if is_text else _open_parquet(path)
        if not table.schema.names():
            raise BadInput(f"{path} has no columns", "Write it again or leave it out")
        first = table.first_filled()
    if first.is_empty():
        raise BadInput(f"{path} has a header and no rows", "Write it again or leave it out")
    return replace(table, first=first)


def _refuse_nothing(path: Path) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        # Reading a pipe would wait for somebody to write into it.
        raise BadInput(f"{path} is no regular file", "Give a file, or a folder of files")
    if not found.st_size:
        raise BadInput(f"{path} is empty (0 bytes)", "Write it again or leave it out")


def _open_parquet(path: BarPath) -> Table:
    refuse_no_parquet(path)
    rows = in_known_zones(pl.scan_parquet(content_of(path), glob=False, hive_partitioning=False))
    return Table(path, rows, rows.collect_schema(), is_text=False, notes=())


def _open_csv(path: BarPath, format: BarFileFormat) -> Table:
    refuse_no_text(path)
    layout = text_layout(path)
    odd = find_oddities(path, layout)
    if not odd.last_lines:
        refuse_unfinished(path, layout)
    is_read_here = odd.notes or (not isinstance(path, Path) and suffix_of(path).endswith(".gz"))
    source = mended(path, layout, odd) if is_read_here else path
    levels = None if format.column_order else header_levels(source, layout)
    names = None if levels else names_of_columns(path, source, layout, format)
    columns = levels.names if levels else names.columns if names else None
    lines_above = layout.lines_above + (levels.lines - 1 if levels else 0)
    # Every column is read as text, so that no ticker such as TRUE or 0700 is taken for a value.
    rows = pl.scan_csv(
        source if isinstance(source, bytes) else content_of(source),
        separator=layout.separator,
        infer_schema=False,
        glob=False,
        skip_lines=lines_above,
        has_header=names is None,
        new_columns=None if columns is None else list(columns),
    )
    schema = rows.collect_schema()
    notes = (*layout.notes, *odd.notes)
    if names is None:
        return Table(path, rows, schema, True, notes, lines_above)
    return Table(path, rows, schema, True, (*notes, *names.notes), lines_above - 1)
