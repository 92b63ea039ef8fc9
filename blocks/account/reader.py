"""Reads an account again and again, and leaves its stores alone while nothing is written there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from blocks.account.facts import WAIT_SECONDS, AccountFacts, read_facts, with_holder
from blocks.account.telemetry_facts import TelemetryFacts, read_telemetry
from blocks.account_files import LEDGER_FILE
from blocks.stores.beginning import parts_of
from blocks.telemetry.file import telemetry_path

# A file system tells two changes of one instant not apart.
UNTOLD_SECONDS = 0.1
Stamp = tuple[tuple[int, int, int] | None, ...]
Read = TypeVar("Read")


class AccountReader:
    """An account as health sees it, which may ask every few seconds for months.

    A store is opened only when its files were written since: whoever trades waits at its lock for
    a reader that has it open, so that a session that waits for its next bar is left alone.
    """

    def __init__(self, data_dir: Path, account: str, wait_seconds: float = WAIT_SECONDS) -> None:
        self.data_dir = data_dir
        self.account = account
        self._wait_seconds = wait_seconds
        self._facts = Kept[AccountFacts](data_dir / account / LEDGER_FILE)
        self._telemetry = Kept[TelemetryFacts](telemetry_path(data_dir, account))

    def facts(self) -> AccountFacts:
        """Return the ledger's facts; raises BadInput without one, StoreUnavailable."""
        found = self._facts.read(
            lambda: read_facts(self.data_dir, self.account, self._wait_seconds)
        )
        # Who trades it is a lock, which no file's time tells of.
        return with_holder(found, self.data_dir / self.account)

    def telemetry(self, now: datetime) -> TelemetryFacts:
        """Return what telemetry says; raises StoreUnavailable."""
        return self._telemetry.read(lambda: read_telemetry(self.data_dir, self.account, now))


class Kept(Generic[Read]):
    """What was read of a file, for as long as the file is the same."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self._value: Read | None = None

    def read(self, ask: Callable[[], Read]) -> Read:
        """Return what the file says, asked of it only if it changed."""
        stamp = stamp_of(self._path)
        if self._value is not None and stamp is not None and stamp == self._stamp:
            return self._value
        self._value = None
        value = ask()
        self._value, self._stamp = value, stamp
        return value


def stamp_of(path: Path) -> Stamp | None:
    """Return what changes whenever the file or its logs are written; None while that is not sure.

    It is taken before the file is read: what is written meanwhile makes the next stamp another.
    """
    found: list[tuple[int, int, int] | None] = []
    for part in parts_of(path):
        try:
            stat = part.stat()
        except FileNotFoundError:
            found.append(None)
            continue
        except OSError:
            return None
        if abs(time.time() - stat.st_mtime) < UNTOLD_SECONDS:
            return None
        found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found) if any(found) else None
