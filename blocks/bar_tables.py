"""The files behind a path, each opened as a lazy table whose rows can be counted in messages."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from trading.errors import BadInput

SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz")
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, slots=True)
class Table:
    """One file: its lazy rows in the order of the source, every column text when `is_text`."""

    path: Path
    rows: pl.LazyFrame
    schema: pl.Schema
    is_text: bool
    notes: tuple[str, ...]

    @property
    def filled(self) -> pl.LazyFrame:
        """Return the rows without the blank lines of a text file."""
        return self._without_blank_lines(self.rows)

    def place(self, condition: pl.Expr) -> str:
        """Return the first row where the condition holds, for a message.

        Rows count from 1; those of a text file have a line too, where the header is line 1.
        """
        with reading(self.path):
            numbered = self._without_blank_lines(self.rows.with_row_index("__row"))
            found = numbered.filter(condition).select("__row").head(1).collect()
        if found.is_empty():
            return str(self.path)
        number = int(found.item()) + 1
        line = f" (line {number + 1})" if self.is_text else ""
        return f"row {number}{line} of {self.path}"

    def _without_blank_lines(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        if not self.is_text:
            return rows
        return rows.filter(pl.any_horizontal(pl.col(self.schema.names()).is_not_null()))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what polars and the system raise about a file into BadInput."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, zlib.error, EOFError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise BadInput(
            f"{path} cannot be read: {said}",
            "The file is damaged, half-written or not what its suffix says; write it again",
        ) from error
    except OSError as error:
        said = error.strerror or str(error)
        raise BadInput(
            f"{path} cannot be read: {said}", "Check the path and who may read it"
        ) from error


def suffix_of(path: Path) -> str:
    """Return the suffix that says how the file is written, or an empty text."""
    name = path.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def stem_of(path: Path) -> str:
    """Return the file's name without its suffix, `.csv.gz` as a whole."""
    return path.name[: len(path.name) - len(suffix_of(path))]


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
        return [path]
    with reading(path):
        found = list(_walk(path))
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


def open_table(path: Path) -> Table:
    """Open one file. Raises BadInput when it is unreadable, damaged or empty."""
    with reading(path):
        with path.open("rb") as file:
            empty = not file.read(1)
        if empty:
            raise BadInput(f"{path} is empty (0 bytes)", "Write it again or leave it out")
        table = _open_csv(path) if ".csv" in suffix_of(path) else _open_parquet(path)
        if not table.schema.names():
            raise BadInput(f"{path} has no columns", "Write it again or leave it out")
        nothing = table.filled.head(1).collect().is_empty()
    if nothing:
        raise BadInput(f"{path} has a header and no rows", "Write it again or leave it out")
    return table


def _open_parquet(path: Path) -> Table:
    rows = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    return Table(path, rows, rows.collect_schema(), is_text=False, notes=())


def _open_csv(path: Path) -> Table:
    opener = gzip.open if suffix_of(path).endswith(".gz") else open
    with opener(path, "rb") as file:
        header = file.readline(65536).decode("utf-8", "replace")
    separator = max(_SEPARATORS, key=header.count)
    notes = () if separator == "," else (f"columns are split at {_SEPARATORS[separator]}",)
    # Every column is read as text, so that no ticker such as TRUE or 0700 is taken for a value.
    rows = pl.scan_csv(path, separator=separator, infer_schema=False, glob=False)
    return Table(path, rows, rows.collect_schema(), is_text=True, notes=notes)
