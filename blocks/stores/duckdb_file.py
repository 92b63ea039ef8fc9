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

# What to do about a file that is no database any more.
DAMAGED = {
    "ledger.duckdb": "if it is damaged, move it away and bring back a copy with:"
    " python -m flows restore",
    "exchange-mock.duckdb": "if it is damaged, move the account's folder away and bring back a"
    " copy with: python -m flows restore",
    "telemetry.duckdb": "if it is damaged, move it away: a new one is begun",
}
LOCK_DEADLINE_SECONDS = 30.0
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "9p", "glusterfs", "ceph"}
)


class DuckDBFile:
    """Opens the file for one transaction at a time.

    With `hold_seconds` the connection outlives a transaction by up to that long, which spares
    the opening (about 16 ms) to a caller that commits often; `release` ends it at once. Others
    wait at the lock meanwhile, so it is to stay below 250 ms. `wait_seconds` is the longest wait
    for others.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        hold_seconds: float = 0.0,
        wait_seconds: float = LOCK_DEADLINE_SECONDS,
    ) -> None:
        self.path = path
        self._schema = schema
        self._hold_seconds = hold_seconds
        self._wait_seconds = wait_seconds
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
            descriptor = _locked_descriptor(self.path, self._wait_seconds)
        except OSError as error:
            raise self._unavailable(error) from error
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
        first_line = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip("!.")
        hint = "Check the file's permissions and free disk space"
        if isinstance(error, duckdb.Error):
            hint += f"; {DAMAGED.get(self.path.name, 'if it is damaged, move it away')}"
        return StoreUnavailable(f"store {self.path} cannot be used: {first_line}", hint)


@contextmanager
def locked(path: Path, wait_seconds: float = LOCK_DEADLINE_SECONDS) -> Iterator[None]:
    """Keep every process from opening a DuckDB file, to look at it or put another in its place.

    A DuckDBFile of this process is to be released before. Raises StoreUnavailable.
    """
    descriptor = _locked_descriptor(path, wait_seconds)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked_descriptor(path: Path, wait_seconds: float = LOCK_DEADLINE_SECONDS) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _lock(descriptor, path, wait_seconds)
    return descriptor


def _lock(descriptor: int, path: Path, wait_seconds: float) -> None:
    """Take the lock, waiting in the kernel's queue: polling would starve under load."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    except BlockingIOError:
        pass
    mutex = threading.Lock()
    taken = threading.Event()
    given_up = threading.Event()

    def wait() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with mutex:
            if given_up.is_set():
                os.close(descriptor)
            else:
                taken.set()

    threading.Thread(target=wait, daemon=True).start()
    taken.wait(wait_seconds)
    with mutex:
        if taken.is_set():
            return
        # Closing the descriptor would not end the thread's wait, so the thread closes it.
        given_up.set()
    raise StoreUnavailable(
        f"store {path} was locked by another process for {wait_seconds:g} s",
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
