"""A DuckDB file as a reader has it: nothing in it or beside it changes, whoever owns it."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from blocks.stores.beginning import LOGS, is_begun
from blocks.stores.connection import (
    Check,
    connect,
    connect_to_nothing,
    is_conflict,
    unavailable,
)
from blocks.stores.file_lock import lock_path, wait_for_lock
from blocks.stores.kept_engine import opened_for_reading
from trading.errors import StoreUnavailable

# DuckDB itself finishes these, which takes a file that it may write.
_HALF_DONE = LOGS[1:]
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


@contextmanager
def reading(
    path: Path, schema: str, wait_seconds: float, check: Check | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to what a file holds now; nobody writes it meanwhile.

    Tables of the schema that it has not, as one of an earlier version or none at all, are empty.
    A file that cannot be opened for reading only is read from a copy in the folder of temporary
    files. Raises StoreUnavailable, and what `check` raises.
    """
    with ExitStack() as held:
        try:
            connection = _opened(held, path, wait_seconds)
            if check is not None:
                check(connection, path)
            added = _add_missing(connection, schema)
        except (duckdb.Error, OSError) as error:
            raise unavailable(path, error) from error
        try:
            yield connection
            for table in added:
                connection.execute(f"DROP TABLE temp.{table}")
        except duckdb.Error as error:
            raise unavailable(path, error) from error


@contextmanager
def reading_copy(
    path: Path, schema: str, wait_seconds: float, check: Check | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a copy of what a file holds now, which may be used for long.

    Others wait for the copying only. Otherwise as `reading`.
    """
    with ExitStack() as held:
        with reading(path, schema, wait_seconds, check):
            # While it is open nobody writes it, not even a program that knows no lock of ours.
            try:
                copy = _copied(held, path) if is_begun(path) else None
            except OSError as error:
                raise unavailable(path, error) from error
        try:
            if copy is None:
                connection = held.enter_context(connect_to_nothing())
            else:
                connection = held.enter_context(connect(copy, time.monotonic()))
            _add_missing(connection, schema)
        except duckdb.Error as error:
            raise unavailable(path, error) from error
        yield connection


def read_closed(source: Path) -> dict[str, bytes]:
    """Return what a file and the logs beside it hold, by the ends of their names.

    The caller holds its lock and has it closed: closing it here would drop DuckDB's own lock.
    Raises StoreUnavailable.
    """
    contents = {}
    try:
        for end in ("", *LOGS):
            part = source.with_name(source.name + end)
            if not end or part.exists():
                contents[end] = part.read_bytes()
    except OSError as error:
        raise StoreUnavailable(
            f"store {source} cannot be copied: {error.strerror}",
            "Check the file's permissions",
        ) from error
    return contents


def _opened(held: ExitStack, path: Path, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    if not path.exists():
        return held.enter_context(connect_to_nothing())
    deadline = time.monotonic() + wait_seconds
    _wait_for_writers(held, path, wait_seconds)
    if not is_begun(path):
        return held.enter_context(connect_to_nothing())
    is_half_done = any(path.with_name(path.name + end).exists() for end in _HALF_DONE)
    try:
        if not is_half_done:
            return held.enter_context(opened_for_reading(path, deadline))
    except duckdb.Error as error:
        if is_conflict(error):
            raise
    return held.enter_context(connect(_copied(held, path), deadline))


def _copied(held: ExitStack, path: Path) -> Path:
    folder = held.enter_context(tempfile.TemporaryDirectory(prefix="openbell-"))
    copy = Path(folder) / path.name
    for end, content in read_closed(path).items():
        copy.with_name(copy.name + end).write_bytes(content)
    return copy


def _wait_for_writers(held: ExitStack, path: Path, wait_seconds: float) -> None:
    try:
        descriptor = os.open(lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        # No process of ours has it open, or one of another user: then DuckDB's lock tells.
        return
    wait_for_lock(descriptor, path, wait_seconds)
    held.callback(os.close, descriptor)


def _add_missing(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """Add what a file has not, empty and for this connection alone; return the tables' names."""
    added = []
    known = {name for (name,) in connection.execute("SHOW TABLES").fetchall()}
    for statement in schema.split(";"):
        table = _TABLE.search(statement)
        if table is not None and table[1] not in known:
            connection.execute(_TABLE.sub(r"CREATE TEMP TABLE \1", statement))
            added.append(table[1])
    return added
