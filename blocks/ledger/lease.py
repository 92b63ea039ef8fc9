"""The right to trade an account: one holder, an expiry, and an epoch that every commit carries."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from trading.errors import LeaseLost

LEASE_SECONDS = 60
LEASE_SCHEMA = """
CREATE TABLE IF NOT EXISTS lease (
    epoch BIGINT, holder VARCHAR, expires TIMESTAMPTZ
);
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process on a machine, told apart from a later one with the same number."""

    host: str
    boot: str
    process: int
    started: str

    def __str__(self) -> str:
        return f"{self.host}/{self.boot}/{self.process}/{self.started}"


def this_holder() -> Holder:
    """Return the running process as a holder."""
    return Holder(socket.gethostname(), _boot(), os.getpid(), _started(os.getpid()))


def acquire(connection: duckdb.DuckDBPyConnection, holder: Holder, now: datetime) -> int:
    """Take the lease inside a transaction and return its new epoch.

    Raises LeaseLost when another process that may be alive holds it.
    """
    row = connection.execute("SELECT epoch, holder, expires FROM lease").fetchone()
    if row is not None:
        epoch, other, expires = row
        if other != str(holder) and expires > now and not is_gone(other):
            raise LeaseLost(
                f"account is traded by {other} until {expires:%H:%M:%S} UTC",
                "Stop that process, or wait until its lease has expired",
            )
        connection.execute("DELETE FROM lease")
    else:
        epoch = 0
    expires = now + timedelta(seconds=LEASE_SECONDS)
    connection.execute("INSERT INTO lease VALUES (?, ?, ?)", [epoch + 1, str(holder), expires])
    return int(epoch) + 1


def renew(connection: duckdb.DuckDBPyConnection, epoch: int, now: datetime) -> None:
    """Extend the lease inside a transaction, or raise LeaseLost when it has gone to another."""
    row = connection.execute("SELECT epoch FROM lease").fetchone()
    if row is None or int(row[0]) != epoch:
        raise LeaseLost(
            f"the lease of epoch {epoch} was taken over",
            "Another process trades this account now; nothing was sent",
        )
    connection.execute("UPDATE lease SET expires = ?", [now + timedelta(seconds=LEASE_SECONDS)])


def give_back(connection: duckdb.DuckDBPyConnection, epoch: int, now: datetime) -> None:
    """Let the lease end now, if it still is ours."""
    connection.execute("UPDATE lease SET expires = ? WHERE epoch = ?", [now, epoch])


def is_gone(holder: str) -> bool:
    """Return whether a holder is a process of this machine that certainly runs no more."""
    host, boot, process, started = holder.split("/", 3)
    if host != socket.gethostname() or boot != _boot():
        return False
    return _started(int(process)) != started


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _started(process: int) -> str:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return "gone"
    fields = stat[stat.rindex(")") + 2 :].split()
    # A zombie holds nothing.
    return "gone" if fields[0] == "Z" else fields[19]
