"""The files behind a path, each opened as a lazy table whose rows can be counted in messages."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from blocks.bars.file_format import BarFileFormat
from blocks.bars.headerless.column_names import names_of_columns
from blocks.bars.text_layout import refuse_unfinished, text_layout, wide_row
from blocks.bars.text_oddities import find_oddities, mended
from blocks.process.disk_errors import refuse_odd_name, words_of
from trading.errors import BadInput

SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz")


@dataclass(frozen=True, slots=True)
class Table:
    """One file: its lazy rows in the order of the source, every column text when `is_text`.

    `lines_above` counts the lines of a text file that stand above its header, and is one less
    where there is no header; `first` is the first
    of the filled rows.
    """

    path: Path
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
def reading(path: Path) -> Iterator[None]:
    """Turn what polars and the system raise about a file into BadInput."""
    damaged = "The file is damaged, half-written or not what its suffix says; write it again"
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, zlib.error, EOFError) as error:
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


def suffix_of(path: Path) -> str:
    """Return the suffix that says how the file is written, or an empty text."""
    name = path.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def stem_of(path: Path) -> str:
    """Return the file's name without its suffix, `.csv.gz` as a whole."""
    return path.name[: len(path.name) - len(suffix_of(path))]


def size_of(path: Path) -> int:
    """Return the bytes of the bar files at a path, 0 where there are none."""
    try:
        return sum(file.stat().st_size for file in find_files(path))
    except (BadInput, OSError):
        return 0


def find_files(path: Path) -> list[Path]:
    """Return the bar files at a path: itself, or all below it in order of their names.

    Hidden files and those whose name begins with an underscore are left out. Raises BadInput
    when the path does not exist, may not be read, is no bar file, or holds none.
    """
    try:
        is_folder = path.is_dir()
        path.stat()
    except FileNotFoundError as error:
        raise BadInput(f"{path} does not exist", "Check the path") from error
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}", "Check the path and who may read it"
        ) from error
    if not is_folder:
        if not suffix_of(path):
            raise BadInput(
                f"{path} is no bar file by its name",
                f"Use a file that ends in {', '.join(SUFFIXES)}, or a folder of them",
            )
        refuse_odd_name(path)
        return [path]
    with reading(path):
        found = list(_walk(path))
    for file in found:
        refuse_odd_name(file)
    if not found:
        raise BadInput(
            f"{path} holds no bar files", f"Put files there that end in {', '.join(SUFFIXES)}"
        )
    return found


def _walk(folder: Path) -> Iterator[Path]:
    # os.scandir rather than rglob: rglob passes over folders that may not be read.
    with os.scandir(folder) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path))
        elif suffix_of(Path(entry.path)):
            yield Path(entry.path)


def open_table(path: Path, format: BarFileFormat) -> Table:
    """Open one file as the format says. Raises BadInput when it is unreadable, damaged or empty."""
    with reading(path):
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            # Reading a pipe would wait for somebody to write into it.
            raise BadInput(f"{path} is no regular file", "Give a file, or a folder of files")
        if not found.st_size:
            raise BadInput(f"{path} is empty (0 bytes)", "Write it again or leave it out")
        table = _open_csv(path, format) if ".csv" in suffix_of(path) else _open_parquet(path)
        if not table.schema.names():
            raise BadInput(f"{path} has no columns", "Write it again or leave it out")
        first = table.filled.head(1).collect()
    if first.is_empty():
        raise BadInput(f"{path} has a header and no rows", "Write it again or leave it out")
    return replace(table, first=first)


def _open_parquet(path: Path) -> Table:
    rows = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    return Table(path, rows, rows.collect_schema(), is_text=False, notes=())


def _open_csv(path: Path, format: BarFileFormat) -> Table:
    layout = text_layout(path)
    odd = find_oddities(path, layout)
    if not odd.last_lines:
        refuse_unfinished(path, layout)
    source = mended(path, layout, odd) if odd.notes else path
    names = names_of_columns(path, source, layout, format)
    # Every column is read as text, so that no ticker such as TRUE or 0700 is taken for a value.
    rows = pl.scan_csv(
        source,
        separator=layout.separator,
        infer_schema=False,
        glob=False,
        skip_lines=layout.lines_above,
        has_header=names is None,
        new_columns=None if names is None else list(names.columns),
    )
    schema = rows.collect_schema()
    notes = (*layout.notes, *odd.notes)
    if names is None:
        return Table(path, rows, schema, True, notes, layout.lines_above)
    return Table(path, rows, schema, True, (*notes, *names.notes), layout.lines_above - 1)
