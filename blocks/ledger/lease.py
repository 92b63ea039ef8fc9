"""The right to trade an account: a lock that its holder keeps by living, and an epoch."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson

from blocks.stores.file_lock import LOCK_DEADLINE_SECONDS
from trading.errors import LeaseLost, StoreUnavailable

if TYPE_CHECKING:
    # For annotations alone: a supervisor that asks who holds an account needs no DuckDB.
    import duckdb

LOCK_FILE = "session.lock"
# Ledgers of version 0.1.0 also have the column `expires`, which says nothing any more.
LEASE_SCHEMA = """
CREATE TABLE IF NOT EXISTS lease (epoch BIGINT, holder VARCHAR);
"""
_AGAIN_AFTER_S = 0.001
_GONE = "gone"


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


def lock(account_folder: Path) -> BinaryIO:
    """Take the lock that the kernel keeps for as long as the file that is returned is open.

    No clock has a part in it: a process that is stopped keeps it, a dead one has lost it. Raises
    LeaseLost at once when another holds it, StoreUnavailable when there can be no such file or
    who only asks does not let go of it.
    """
    path = account_folder / LOCK_FILE
    try:
        account_folder.mkdir(parents=True, exist_ok=True)
        # Readable by all who may read the ledger: health asks it who trades the account.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unavailable(path, error) from error
    file = os.fdopen(descriptor, "r+b", buffering=0)
    deadline = time.monotonic() + LOCK_DEADLINE_SECONDS
    try:
        while not _is_locked(file, fcntl.LOCK_EX):
            # Who only asks has it for an instant, and shares it.
            if is_held(account_folder):
                raise _held(account_folder)
            if time.monotonic() >= deadline:
                raise StoreUnavailable(
                    f"{path} was shared by another program for {LOCK_DEADLINE_SECONDS:g} s",
                    "See which program has it open, and end that",
                )
            time.sleep(_AGAIN_AFTER_S)
        _sign(file)
    except BaseException:
        unlock(file)
        raise
    return file


def unlock(file: BinaryIO) -> None:
    """Let go of the lock at once.

    Closing alone would leave it to a child process that is just being started and has the file
    open until it begins its own program.
    """
    fcntl.flock(file, fcntl.LOCK_UN)
    file.close()


def is_held(account_folder: Path) -> bool:
    """Return whether a process that lives, or is only stopped, trades the account.

    Neither DuckDB nor a folder that can be written is needed, and nothing is waited for.
    """
    path = account_folder / LOCK_FILE
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unavailable(path, error) from error
    with file:
        return not _is_locked(file, fcntl.LOCK_SH)


def held_by(account_folder: Path) -> str | None:
    """Return who trades the account and since when, for people; None when nobody does."""
    if not is_held(account_folder):
        return None
    signed = _signed(account_folder)
    if signed is None:
        # It had no room on the disk to say so.
        return "another process"
    holder, since = signed
    where = "" if holder.host == socket.gethostname() else f" on {holder.host}"
    return f"{_command(holder)} (PID {holder.process}){where} since {since:%Y-%m-%d %H:%M:%S} UTC"


def taken_at(account_folder: Path) -> datetime | None:
    """Return when the account was taken by who trades it, or did last; None where none said so."""
    signed = _signed(account_folder)
    return None if signed is None else signed[1]


def take_epoch(connection: duckdb.DuckDBPyConnection, account_folder: Path) -> int:
    """Return a new epoch, taken inside a transaction by the process that holds the lock.

    Raises LeaseLost when the row names another process that lives on this machine: it holds the
    lock of the folder that this one is a copy of, or its lock was removed.
    """
    holder = str(this_holder())
    row = connection.execute("SELECT epoch, holder FROM lease").fetchone()
    # Who has the lock is alone: a row that somebody spoiled says of nobody.
    epoch, other = (0, "") if row is None else (int(row[0] or 0), str(row[1] or ""))
    named = _parsed(other)
    if named is not None and other != holder and is_alive(other):
        raise LeaseLost(
            f"account is traded by {_command(named)} (PID {named.process}),"
            f" says the ledger in {account_folder}, though not in this folder",
            "Stop that process: of a folder and its copy only one can be traded",
        )
    connection.execute("DELETE FROM lease")
    connection.execute("INSERT INTO lease (epoch, holder) VALUES (?, ?)", [epoch + 1, holder])
    return epoch + 1


def check_epoch(connection: duckdb.DuckDBPyConnection, epoch: int) -> None:
    """Raise LeaseLost when another has taken an epoch since."""
    row = connection.execute("SELECT epoch FROM lease").fetchone()
    if row is None or int(row[0]) != epoch:
        raise LeaseLost(
            f"the lease of epoch {epoch} was taken over",
            "Another process trades this account now; nothing was sent",
        )


def give_back(connection: duckdb.DuckDBPyConnection, epoch: int) -> None:
    """Name nobody any more, if the epoch still is ours."""
    connection.execute("UPDATE lease SET holder = '' WHERE epoch = ?", [epoch])


def is_alive(holder: str) -> bool:
    """Return whether a holder is a process of this machine that certainly runs.

    Where the system tells nothing of its processes none does: the lock alone is the proof.
    """
    named = _parsed(holder)
    return (
        named is not None
        and named.started != _GONE
        and _is_here(named.host, named.boot)
        and _started(named.process) == named.started
    )


def is_gone(holder: str) -> bool:
    """Return whether a holder is a process of this machine that certainly runs no more.

    What names no process, as after damage, is nobody.
    """
    named = _parsed(holder)
    return named is None or (
        _is_here(named.host, named.boot) and _started(named.process) != named.started
    )


def _is_locked(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: BinaryIO) -> None:
    """Write who holds the lock; it is for people, so a full disk does not matter."""
    content = {"holder": asdict(this_holder()), "since": datetime.now(UTC).isoformat()}
    try:
        file.truncate(0)
        file.write(orjson.dumps(content))
    except OSError:
        return


def _signed(account_folder: Path) -> tuple[Holder, datetime] | None:
    """Return who wrote into the lock file, and when."""
    try:
        content = orjson.loads((account_folder / LOCK_FILE).read_bytes())
        since = datetime.fromisoformat(content["since"])
        return Holder(**content["holder"]), since if since.tzinfo else since.replace(tzinfo=UTC)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _held(account_folder: Path) -> LeaseLost:
    holder = held_by(account_folder) or "another process"
    return LeaseLost(
        f"account is traded by {holder} in {account_folder}",
        "Stop that process, or leave the account to it",
    )


def _unavailable(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path} cannot be opened: {error.strerror}", "Check the folder's owner and permissions"
    )


def _parsed(holder: str) -> Holder | None:
    """Return the process that a text names, None where it names none."""
    try:
        host, boot, process, started = holder.split("/", 3)
        return Holder(host, boot, int(process), started)
    except ValueError:
        return None


def _is_here(host: str, boot: str) -> bool:
    return host == socket.gethostname() and boot == _boot()


def _command(holder: Holder) -> str:
    """Return what a process was started as, as far as a person needs it to know which it is."""
    if not _is_here(holder.host, holder.boot) or _started(holder.process) != holder.started:
        return "a process"
    try:
        words = Path(f"/proc/{holder.process}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return "a process"
    if any(word.startswith("prefect") for word in words):
        return "a flow run of Prefect"
    if "-m" in words:
        at = words.index("-m")
        return " ".join(["python", *words[at : at + 3]]).strip()
    return Path(words[0]).name or "a process"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _started(process: int) -> str:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return _GONE
    fields = stat[stat.rindex(")") + 2 :].split()
    # A zombie holds nothing.
    return _GONE if fields[0] == "Z" else fields[19]
