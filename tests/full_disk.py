"""A full disk: the kernel refuses longer files, and says so in the same way.

Bytecode is not written meanwhile. Python writes it without looking whether all was written, and
what was cut off would break every later import of that module.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PROGRAM = """
import resource, sys
from flows.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}))
sys.exit(main(sys.argv[1:]))
"""


def on_a_full_disk(limit_bytes: int) -> list[str]:
    """Return how `openbell` is called where no file grows longer."""
    return [sys.executable, "-B", "-c", PROGRAM.format(limit_bytes=limit_bytes)]


@contextmanager
def full_disk(limit_bytes: int) -> Iterator[None]:
    """Let no file of this process grow longer while the context lasts."""
    limits, writes_none = resource.getrlimit(resource.RLIMIT_FSIZE), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        sys.dont_write_bytecode = writes_none
