"""Whether a server of our own was told anything new: it is in the log of its database."""

from __future__ import annotations

from pathlib import Path

from deployments.processes.home import Home

# Prefect's own name for it, unless somebody names another database.
_LOG = Path("prefect.db-wal")
Stamp = tuple[int, int]


def last_write(home: Home) -> Stamp | None:
    """Return what differs after each write, None where no file tells.

    To look costs nothing; to ask the server costs it some hundredths of a second.
    """
    try:
        found = (home.prefect / _LOG).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
