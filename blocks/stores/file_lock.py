"""The lock beside a file that several processes share: taken in turn, freed by a holder's death."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trading.errors import StoreInUse

LOCK_DEADLINE_SECONDS = 30.0


@contextmanager
def locked(path: Path, wait_seconds: float = LOCK_DEADLINE_SECONDS) -> Iterator[None]:
    """Keep every process from opening a DuckDB file, to look at it or put another in its place.

    A DuckDBFile of this process is to be released before. Raises StoreInUse.
    """
    descriptor = take_lock(path, wait_seconds)
    try:
        yield
    finally:
        os.close(descriptor)


def take_lock(path: Path, wait_seconds: float = LOCK_DEADLINE_SECONDS) -> int:
    """Return a descriptor of the lock beside a file, which holds it until it is closed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    wait_for_lock(descriptor, path, wait_seconds)
    return descriptor


def lock_path(path: Path) -> str:
    """Return where the lock of a file is."""
    return f"{path}.lock"


def wait_for_lock(descriptor: int, path: Path, wait_seconds: float) -> None:
    """Take the lock, waiting in the kernel's queue: polling would starve under load.

    Raises StoreInUse after the wait, and closes the descriptor then.
    """
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
    raise StoreInUse(
        f"store {path} was locked by another process for {wait_seconds:g} s",
        "See which Openbell process uses it, and try again",
    )
