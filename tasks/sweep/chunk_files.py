"""The chunks that a sweep has finished, a file each under its hash: what a killed one goes on with.

A file is there whole or not at all; one that was changed, or is of other sets, is as good as none.
"""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from blocks.stores.sealed_file import read_sealed, write_sealed
from tasks.sweep.chunk import Chunk, ChunkResult
from tasks.sweep.written_files import parquet_bytes
from trading.backtest.performance import Summary
from trading.errors import StoreUnavailable
from trading.sweep.table import SET_HASH, figures_schema, figures_table

FOLDER = "chunks"
SUFFIX = ".chunk"
WHY = "why"


def chunk_path(out: Path, chunk_hash: str) -> Path:
    """Return where a chunk's results are kept."""
    return out / FOLDER / f"{chunk_hash}{SUFFIX}"


def keep_chunk(out: Path, chunk: Chunk, result: ChunkResult) -> None:
    """Write a chunk's results, whole or not at all; raises StoreUnavailable."""
    summaries = [each if isinstance(each, Summary) else None for each in result.outcomes]
    whys = [None if isinstance(each, Summary) else each for each in result.outcomes]
    table = figures_table(summaries).with_columns(
        pl.Series(SET_HASH, chunk.set_hashes, pl.String), pl.Series(WHY, whys, pl.String)
    )
    try:
        write_sealed(chunk_path(out, chunk.hash), parquet_bytes(table), private=False)
    except StoreUnavailable as error:
        raise StoreUnavailable(
            error.what,
            "Make room on its disk and give the same command again: it goes on where it was",
        ) from error


def read_chunk(out: Path, chunk: Chunk) -> pl.DataFrame | None:
    """Return a finished chunk: a row a set, with `set_hash` and `why`; None where none is sound."""
    content = read_sealed(chunk_path(out, chunk.hash))
    if content is None:
        return None
    table = pl.read_parquet(io.BytesIO(content))
    wanted = {**figures_schema(), SET_HASH: pl.String, WHY: pl.String}
    if dict(table.schema) != wanted or tuple(table[SET_HASH]) != chunk.set_hashes:
        return None
    return table
