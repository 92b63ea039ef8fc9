"""Files of the bar archive on their way to the disk: whole or not at all, in row groups."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from blocks.archive.month.files import ROW_GROUP, SCHEMA, damaged, not_written
from blocks.stores.whole_file import sync_to_disk


@cache
def _arrow_schema() -> pa.Schema:
    # Not when this is imported: it starts Polars' threads, with which no process can be forked.
    return pl.DataFrame(schema=SCHEMA).to_arrow().schema


def metadata_of(file: Path) -> pq.FileMetaData:
    """Return what the end of a file says of its row groups. Raises DamagedFile."""
    try:
        return pq.read_metadata(file)
    except (pa.ArrowException, OSError) as error:
        raise damaged(file) from error


def rows_in(file: Path) -> int:
    """Return how many rows a file has. Raises DamagedFile."""
    return int(metadata_of(file).num_rows)


class BarsWriter:
    """Row groups for one file, given in the order in which they are to stand."""

    def __init__(self, file: BinaryIO) -> None:
        self._writer = pq.ParquetWriter(file, _arrow_schema(), compression="zstd")
        self.rows = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Append bars."""
        if len(frame):
            table = frame.select(list(SCHEMA)).to_arrow().cast(_arrow_schema())
            self._writer.write_table(table, row_group_size=ROW_GROUP)
            self.rows += len(frame)

    def close(self, words: Mapping[str, str]) -> None:
        """Write the file's end, with these words of ours in it."""
        self._writer.add_key_value_metadata(dict(words))
        self._writer.close()

    def let_go(self) -> None:
        """Write no more, whatever is missing."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()


@contextmanager
def replacing(file: Path, words: Mapping[str, str] | None = None) -> Iterator[BarsWriter]:
    """Give a writer for a file, which replaces it when all is on the disk.

    Where nothing was written no file is begun.
    Raises StoreUnavailable; the file is then as it was.
    """
    # No pattern of ours or the user's takes this name for a file of bars.
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            writer = BarsWriter(stream)
            try:
                yield writer
                writer.close(words or {})
            finally:
                writer.let_go()
            stream.flush()
            os.fsync(stream.fileno())
        if writer.rows or file.exists():
            os.replace(partial, file)
            sync_to_disk(file.parent)
    except (OSError, pa.ArrowException) as error:
        raise not_written(file, error) from error
    finally:
        # Also when it is interrupted.
        partial.unlink(missing_ok=True)
