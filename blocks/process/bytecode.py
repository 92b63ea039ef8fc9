"""Bytecode of which a part is missing is made anew, where Python would fail on it for ever.

Python writes a module's bytecode without looking whether all of it was written. A full disk, or a
limit on the size of files, leaves the beginning of it with a header that is right, and every later
import of the module ends in "EOFError: marshal data too short".

Whoever imports this file may do so before it heals anything, so it needs nothing but what Python
itself has loaded before it runs a module.
"""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from types import CodeType

# What the beginning of a code object is to marshal, by where it breaks off.
BROKEN = (EOFError, ValueError, TypeError, ImportError)

_read_code = SourceFileLoader.get_code


def heal_bytecode() -> None:
    """Let every later import of this process survive broken bytecode, third parties' too."""
    SourceFileLoader.get_code = _healed_code  # type: ignore[method-assign, assignment]


def _healed_code(loader: SourceFileLoader, name: str) -> CodeType | None:
    try:
        return _read_code(loader, name)
    except BROKEN:
        path = loader.get_filename(name)
    try:
        os.remove(cache_from_source(path))
    except OSError:
        # Not ours to remove, as in a read-only checkout; or the source itself is at fault.
        return loader.source_to_code(loader.get_data(path), path)
    return _read_code(loader, name)
