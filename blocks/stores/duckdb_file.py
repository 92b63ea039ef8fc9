"""A DuckDB file that several processes share: short connections behind one blocking lock."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import duckdb

from blocks.account_commands import account_command
from blocks.stores.beginning import is_begun, parts_of, remove_unbegun
from blocks.stores.connection import Check, is_conflict, unavailable
from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS, take_lock
from blocks.stores.kept_engine import KeptEngine, opened_for_reading
from blocks.stores.reading import reading
from trading.errors import BadInput

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "9p", "glusterfs", "ceph"}
)


class DuckDBFile:
    """Opens the file for one transaction at a time.

    With `hold_seconds` the connection outlives a transaction by up to that long, which spares
    opening and closing (about 4 ms) to a caller that commits often; `release` ends it at once.
    Others wait at the lock meanwhile, so it is to stay below 250 ms. `wait_seconds` is the longest
    wait for others. `check` looks at a file before this object changes anything in it. What this
    object has used and is gone is not made again, unless it may be.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        hold_seconds: float = 0.0,
        wait_seconds: float = LOCK_DEADLINE_SECONDS,
        check: Check | None = None,
        *,
        may_be_made_again: bool = False,
    ) -> None:
        self.path = path
        self._check = check
        self._may_be_made_again = may_be_made_again
        self._schema = schema
        self._complete: tuple[int, int] | None = None
        # Somebody removed a table from a file that was whole.
        self._lacks_a_table = False
        self._hold_seconds = hold_seconds
        self._wait_seconds = wait_seconds
        self._engine = KeptEngine()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock_descriptor: int | None = None
        self._opened_at = 0.0
        # How often it was opened: meanwhile another file may have come in its place.
        self.openings = 0
        self._mutex = threading.RLock()
        refuse_network_file_system(path.parent)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection inside a transaction that is committed, or rolled back on errors.

        Raises StoreUnavailable when the file cannot be locked, opened, read or written, BadInput
        when it was removed since this object used it, and what `check` raises.
        """
        with self._used() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def question(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection for one question, which is a transaction by itself.

        Raises as `transaction` does.
        """
        with self._used() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection for questions that are no part of trading, which changes nothing.

        One that this process holds is used; otherwise no file is made or written. Raises
        StoreUnavailable, BadInput when it was removed since this object used it.
        """
        with self._mutex, ExitStack() as held:
            self._refuse_removed()
            if self._connection is not None:
                yield held.enter_context(self.transaction())
            else:
                yield held.enter_context(self._read())

    def release(self) -> None:
        """Close a held connection and let others at the file."""
        with self._mutex:
            self._close()

    @contextmanager
    def _used(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._mutex:
            connection = self._open()
            try:
                yield connection
            except duckdb.Error as error:
                self._lacks_a_table = isinstance(error, duckdb.CatalogException)
                self._abandon()
                raise unavailable(self.path, error) from error
            except BaseException:
                self._abandon()
                raise
            if time.monotonic() - self._opened_at >= self._hold_seconds:
                self._close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is not None:
            if _identity(self.path) == self._complete:
                return self._connection
            # What is written to a file that was removed is lost.
            self._abandon()
        # Not even its folder is made again.
        self._refuse_removed()
        deadline = time.monotonic() + self._wait_seconds
        try:
            descriptor = take_lock(self.path, self._wait_seconds)
        except OSError as error:
            raise unavailable(self.path, error) from error
        self._lock_descriptor = descriptor
        try:
            self._refuse_removed()
            remove_unbegun(self.path)
            self._check_new(deadline)
            self._connection = self._connected(deadline)
        except (duckdb.Error, OSError) as error:
            self._abandon()
            raise unavailable(self.path, error) from error
        except BaseException:
            self._abandon()
            raise
        self._opened_at = time.monotonic()
        self.openings += 1
        return self._connection

    def _connected(self, deadline: float) -> duckdb.DuckDBPyConnection:
        if self._is_known_as_whole():
            return self._engine.attach(self.path, deadline)
        is_new = not any(part.exists() for part in parts_of(self.path))
        try:
            connection = self._engine.attach(self.path, deadline)
            try:
                connection.execute(self._schema)
            except BaseException:
                self._engine.end()
                raise
        except duckdb.Error as error:
            if is_new and not is_conflict(error):
                # Whole or not at all: what a full disk leaves could never be opened again.
                for part in parts_of(self.path):
                    part.unlink(missing_ok=True)
            raise
        # Another file may take its place: only of this one is it known. Asking for a dozen tables
        # again costs a fifth of an opening.
        self._complete = _identity(self.path)
        self._lacks_a_table = False
        return connection

    def _is_known_as_whole(self) -> bool:
        known = _identity(self.path)
        return known is not None and known == self._complete and not self._lacks_a_table

    def _check_new(self, deadline: float) -> None:
        """Look at a file without writing it: to open it for writing would change it already."""
        if self._check is None or not self.path.exists() or self._is_known_as_whole():
            return
        try:
            with opened_for_reading(self.path, deadline) as connection:
                self._check(connection, self.path)
        except duckdb.Error as error:
            if is_conflict(error):
                raise
            # Whether it is damaged is told by what opens it for writing.

    def _refuse_removed(self) -> None:
        if self._complete is None or self._may_be_made_again or is_begun(self.path):
            return
        self._abandon()
        folder = self.path.parent
        raise BadInput(
            f"{self.path} was removed while it was in use",
            "Bring back a copy with: " + account_command("restore", folder.parent, folder.name),
        )

    def _read(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return reading(self.path, self._schema, self._wait_seconds, self._check)

    def _close(self) -> None:
        if self._connection is not None:
            self._engine.detach()
        self._let_go()

    def _abandon(self) -> None:
        """Close it after an error: an engine that met one is not used again."""
        self._engine.end()
        self._let_go()

    def _let_go(self) -> None:
        self._connection = None
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and number of a file, None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def refuse_network_file_system(folder: Path) -> None:
    """Raise BadInput when a folder is on a network: its locks do not hold."""
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return
    place = str(folder.resolve())
    best, kind = "", ""
    for line in mounts:
        fields = line.split()
        point = fields[1].replace("\\040", " ")
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    if kind in NETWORK_FILE_SYSTEMS:
        raise BadInput(
            f"data folder {folder} is on a network file system ({kind})",
            "Use a folder on a local disk: file locks do not hold on a network",
        )
