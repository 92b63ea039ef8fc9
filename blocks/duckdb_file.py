"""A DuckDB file that several processes share: short connections behind one blocking lock."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from trading.errors import BadInput, StoreUnavailable

LOCK_DEADLINE_SECONDS = 30.0
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "9p", "glusterfs", "ceph"}
)


class DuckDBFile:
    """Opens the file for one transaction at a time.

    With `hold_seconds` the connection outlives a transaction by up to that long, which spares
    the opening (about 16 ms) to a caller that commits often; `release` ends it at once. Others
    wait at the lock meanwhile, so it is to stay below 250 ms.
    """

    def __init__(self, path: Path, schema: str, hold_seconds: float = 0.0) -> None:
        self.path = path
        self._schema = schema
        self._hold_seconds = hold_seconds
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock_descriptor: int | None = None
        self._opened_at = 0.0
        self._mutex = threading.RLock()
        refuse_network_file_system(path.parent)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection inside a transaction that is committed, or rolled back on errors.

        Raises StoreUnavailable when the file cannot be locked, opened, read or written.
        """
        with self._mutex:
            connection = self._open()
            try:
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
            except duckdb.Error as error:
                self._close()
                raise self._unavailable(error) from error
            except BaseException:
                self._close()
                raise
            if time.monotonic() - self._opened_at >= self._hold_seconds:
                self._close()

    def release(self) -> None:
        """Close a held connection and let others at the file."""
        with self._mutex:
            self._close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is not None:
            return self._connection
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unavailable(error) from error
        _lock(descriptor, self.path)
        try:
            connection = duckdb.connect(str(self.path))
            connection.execute("SET TimeZone='UTC'")
            connection.execute(self._schema)
        except duckdb.Error as error:
            os.close(descriptor)
            raise self._unavailable(error) from error
        self._connection, self._lock_descriptor = connection, descriptor
        self._opened_at = time.monotonic()
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        first_line = (str(error).splitlines() or [type(error).__name__])[0][:200]
        return StoreUnavailable(
            f"store {self.path} cannot be used: {first_line}",
            "Check the file's permissions, free disk space and that it is intact",
        )


def _lock(descriptor: int, path: Path) -> None:
    """Take the lock, waiting in the kernel's queue: polling would starve under load."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    except BlockingIOError:
        pass
    taken = threading.Event()

    def wait() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        taken.set()

    threading.Thread(target=wait, daemon=True).start()
    if not taken.wait(LOCK_DEADLINE_SECONDS):
        # The descriptor is left to the waiting thread; closing it would not end the wait.
        raise StoreUnavailable(
            f"store {path} was locked by another process for {LOCK_DEADLINE_SECONDS:g} s",
            "See which Openbell process uses it, and try again",
        )


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
