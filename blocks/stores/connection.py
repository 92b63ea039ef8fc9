"""DuckDB's connections to a file: its own lock is waited for, and its errors are told as ours."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb

from blocks.account_commands import RESTORE
from blocks.account_files import EXCHANGE_FILE, LEDGER_FILE, TELEMETRY_FILE
from trading.errors import StoreInUse, StoreUnavailable

# What to do about a file that is no database any more.
DAMAGED = {
    LEDGER_FILE: f"if it is damaged, move it away and bring back a copy with: {RESTORE}",
    EXCHANGE_FILE: "if it is damaged, move the account's folder away and bring back a"
    f" copy with: {RESTORE}",
    TELEMETRY_FILE: "if it is damaged, move it away: a new one is begun",
}
# What to do about a file that another program has open, which only a ledger is worth.
OPEN_ELSEWHERE = "Close it there"
LOOK_AT_LEDGER = (
    '. A ledger that is in use is looked at with: openbell show-status --sql "SELECT ..."'
)
_CONFLICT = "Could not set lock on file"
_OTHER = re.compile(r"Conflicting lock is held in (.+? \(PID \d+\))")
_AGAIN_AFTER_S = 0.01
T = TypeVar("T")

# As duckdb names it.
Config = dict[str, str | bool | int | float | list[str]]
# Looks at a file before anything is changed in it, and raises where nothing may be.
Check = Callable[[duckdb.DuckDBPyConnection, Path], None]


def connect(path: Path, deadline: float, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a file, waiting until `time.monotonic()` is past the deadline for who has it open.

    Only programs that know nothing of our lock, such as a viewer, are met here. Raises
    duckdb.Error.
    """
    return _in_utc(
        again_after_conflict(lambda: duckdb.connect(str(path), read_only=read_only), deadline)
    )


def again_after_conflict(open_file: Callable[[], T], deadline: float) -> T:
    """Return what opening a file gives, trying until the deadline while another has it open."""
    while True:
        try:
            return open_file()
        except duckdb.IOException as error:
            if not is_conflict(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_AGAIN_AFTER_S)


def connect_to_nothing(config: Config | None = None) -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory."""
    return _in_utc(duckdb.connect(config=config or {}))


def _in_utc(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("SET TimeZone='UTC'")
    return connection


def is_conflict(error: Exception) -> bool:
    """Return whether another process has the file open, in a way that shuts us out."""
    return isinstance(error, duckdb.IOException) and _CONFLICT in str(error)


def unavailable(path: Path, error: Exception) -> StoreUnavailable:
    """Return an error of DuckDB's, or of the file system, as one line with what to do."""
    if is_conflict(error):
        other = _OTHER.search(str(error))
        name = other[1] if other else "another program"
        hint = OPEN_ELSEWHERE + (LOOK_AT_LEDGER if path.name == LEDGER_FILE else "")
        return StoreInUse(f"store {path} is open elsewhere: {name}", hint)
    first_line = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip("!.")
    hint = "Check the file's permissions and free disk space"
    if isinstance(error, duckdb.Error):
        hint += f"; {DAMAGED.get(path.name, 'if it is damaged, move it away')}"
    return StoreUnavailable(f"store {path} cannot be used: {first_line}", hint)
