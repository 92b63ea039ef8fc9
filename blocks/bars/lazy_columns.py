"""The numbers of a large Parquet file, read one column at a time when they are asked for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock

import polars as pl

from blocks.bars.tables import Table, reading
from trading.errors import BadInput
from trading.market.bars import Floats, LateRows

# Below, one more look into the file costs more than the memory that it spares.
LATE_FROM_BYTES = 8_000_000


def is_large(table: Table) -> bool:
    """Return whether a table is a Parquet file that is worth reading column by column."""
    if table.is_text or not isinstance(table.path, Path):
        return False
    return table.path.stat().st_size >= LATE_FROM_BYTES


class LateNumbers:
    """One column of a file's numbers in memory, the last that was asked for."""

    def __init__(self, table: Table, columns: Mapping[str, pl.Expr]) -> None:
        """Take what reads each of our columns; the file must stay as it is now."""
        self._table, self._columns = table, columns
        self._path = _path_of(table)
        self._found = _identity(self._path)
        self._lock = Lock()
        self._name = ""
        self._blocks: list[Floats] = []

    def blocks(self, keys: Sequence[pl.DataFrame], keep: pl.Series | None) -> tuple[LateRows, ...]:
        """Return the rows whose `symbol` and `ts` are given in blocks.

        `keep` says which of the file's rows these are, None for all.
        """
        edges = [0, *itertools.accumulate(key.height for key in keys)]
        return tuple(
            LateRows(
                key["symbol"].to_numpy(),
                key["ts"].to_numpy(),
                partial(self._number, edges, keep, number),
            )
            for number, key in enumerate(keys)
        )

    def _number(
        self, edges: Sequence[int], keep: pl.Series | None, number: int, name: str
    ) -> Floats:
        with self._lock:
            if name != self._name:
                # The memory of the column before is what this one is read into.
                self._name, self._blocks = "", []
                self._blocks = self._read(name, edges, keep)
                self._name = name
            return self._blocks[number]

    def _read(self, name: str, edges: Sequence[int], keep: pl.Series | None) -> list[Floats]:
        with reading(self._path):
            column = self._table.rows.select(self._columns[name]).collect().to_series()
        if keep is not None and len(keep) == len(column):
            column = column.filter(keep)
        if _identity(self._path) != self._found or len(column) != edges[-1]:
            raise BadInput(
                f"{self._path} was changed while it was being read",
                "Wait until it is written, and run again",
            )
        return [column[begin:end].to_numpy() for begin, end in itertools.pairwise(edges)]


def _path_of(table: Table) -> Path:
    # What a .zip holds is in memory as a whole, and never read late.
    return Path(str(table.path))


def _identity(path: Path) -> tuple[int, int, int, int]:
    with reading(path):
        found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
