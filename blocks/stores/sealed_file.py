"""Files that are known to be as they were written: their content under its own hash.

What a disk or a hand changed in them is no error of their reader: they are as good as not there.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from blocks.stores.whole_file import write_whole


def write_sealed(path: Path, content: bytes, *, private: bool = True) -> None:
    """Write a file whole or not at all, as `write_whole` does; raises StoreUnavailable."""
    write_whole(path, _seal_of(content) + content, private=private)


def read_sealed(path: Path) -> bytes | None:
    """Return the content; None where there is none, it cannot be read, or it was changed."""
    try:
        sealed = path.read_bytes()
    except OSError:
        return None
    length = hashlib.sha256().digest_size
    seal, content = sealed[:length], sealed[length:]
    return content if seal == _seal_of(content) else None


def _seal_of(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
