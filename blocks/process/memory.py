"""Memory that a process keeps without need, given back to the system now and then.

For those that live for months: most of what they ever touched was of use at their start alone.
"""

from __future__ import annotations

import ctypes
import threading
import time
from pathlib import Path

EVERY_SECONDS = 60.0
_MAPS = Path("/proc/self/maps")
_DONT_NEED = 4


def give_back_memory() -> None:
    """Let the system have what the C library's heaps hold free, and code that nobody runs.

    The code of a library is mapped from its file and is never written: what is needed again is
    there again, from the system's cache if it had no better use for that memory meanwhile.
    """
    give_back_heaps()
    library = ctypes.CDLL(None)
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, length in _code():
        # Where it is not allowed it stays.
        library.madvise(start, length, _DONT_NEED)


def give_back_heaps() -> None:
    """Let the system have what the C library's heaps hold free, which takes milliseconds."""
    # Other libraries than glibc have no such function, and no such heaps.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def give_back_beside(every_s: float = EVERY_SECONDS) -> None:
    """Give back again and again from now on, in a thread of its own."""
    threading.Thread(target=_give_back, args=(every_s,), name="memory", daemon=True).start()


def _give_back(every_s: float) -> None:
    while True:
        time.sleep(every_s)
        give_back_memory()


def _code() -> list[tuple[int, int]]:
    """Return address and length of each mapping of a file that is run and cannot be written."""
    found = []
    try:
        lines = _MAPS.read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        place, rights, _, _, _, *file = line.split(maxsplit=5)
        # What was written once and is closed to writing since, as relocations, is no `r-x`.
        if rights == "r-xp" and file and file[0].startswith("/"):
            start, end = (int(number, 16) for number in place.split("-"))
            found.append((start, end - start))
    return found
