"""How many files a process may have open: where that is few, as many as it may give itself."""

from __future__ import annotations

import resource
from contextlib import suppress

# Far more than a session, a server or a sweep has open.
ENOUGH_FILES = 65_536


def allow_enough_files() -> None:
    """Raise the soft limit of open files towards the hard one, for what is started from here too.

    Where no file can be opened any more DuckDB ends the whole process, in the midst of a write.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    # Some systems have a limit of their own below the one that they tell.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
