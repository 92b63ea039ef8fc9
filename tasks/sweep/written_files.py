"""The files that a sweep or a walk leaves: bytes of each kind, and the record that is last."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from blocks.stores.whole_file import write_whole
from trading.backtest.performance import Json


def write_with_record(
    out: Path, files: Mapping[str, bytes], name: str, record: Mapping[str, Json]
) -> None:
    """Write files by their names, and a record with their hashes; raises StoreUnavailable.

    Each is there whole or not at all, and the record is last: where it stands, all stand.
    """
    for each, content in files.items():
        write_whole(out / each, content, private=False)
    hashes: dict[str, Json] = {
        each: hashlib.sha256(content).hexdigest() for each, content in files.items()
    }
    write_whole(out / name, json_bytes({**record, "files": hashes}), private=False)


def json_bytes(record: Mapping[str, Json]) -> bytes:
    """Return a record as a file of JSON holds it."""
    return (json.dumps(record, indent=2, allow_nan=False) + "\n").encode()


def parquet_bytes(table: pl.DataFrame) -> bytes:
    """Return a table as a Parquet file."""
    content = io.BytesIO()
    table.write_parquet(content)
    return content.getvalue()


def json_values(values: Mapping[str, object]) -> dict[str, Json]:
    """Return a set's values as JSON has them: a list of symbols is a list."""
    return {name: json.loads(json.dumps(value)) for name, value in values.items()}
