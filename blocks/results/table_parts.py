"""A long table as one Parquet file, written part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TypeVar

import polars as pl

_VALUES_AT_A_TIME = 65_536

Item = TypeVar("Item")


def write_parts(path: Path, parts: Iterable[pl.DataFrame]) -> None:
    """Write parts of one table, at least one, as a Parquet file with a row group each.

    Only the part that is written and the one after it are in memory. Enumerated names are read
    back as text.
    """
    # Here it is loaded while other files are being made.
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    tables = _one_ahead(part.to_arrow() for part in parts)
    first = next(tables)
    # Readers skip row groups by what these are; the extremes of prices take long and help nobody.
    told = [field.name for field in first.schema if field.type != pa.float64()]
    with (
        path.open("wb") as file,
        # With the schema of Arrow in it a file would bring the enumerations back.
        ParquetWriter(
            file,
            first.schema,
            write_statistics=told,
            write_batch_size=_VALUES_AT_A_TIME,
            store_schema=False,
        ) as writer,
    ):
        for table in chain((first,), tables):
            writer.write_table(table, row_group_size=max(1, len(table)))


def _one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items of which the next is made in a thread while one is dealt with."""
    made = iter(items)
    with ThreadPoolExecutor(1) as aside:
        following = aside.submit(next, made, None)
        while (item := following.result()) is not None:
            following = aside.submit(next, made, None)
            yield item
