"""The name under which loaded bars are kept: everything that decides what they are."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import xxhash

import blocks
import trading
from blocks.bar_tables import find_files
from trading.placing import for_each

# Loading goes through these; another version of one may read a file differently.
LIBRARIES = (
    "exchange-calendars",
    "numpy",
    "pandas",
    "pandas-market-calendars",
    "polars",
    "pyarrow",
    "tzdata",
)
# Pieces of a file are hashed side by side, through buffers that stay in the processor's memory.
_PIECE_BYTES = 16_777_216
_BUFFER_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as the system describes it; it differs once the file was written to or replaced."""

    path: Path
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


def file_states(path: Path) -> tuple[FileState, ...]:
    """Return the states of the bar files at a path, in order.

    Raises BadInput where there are none and OSError where one has gone.
    """
    states = []
    for file in find_files(path):
        found = file.stat()
        states.append(
            FileState(file, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        )
    return tuple(states)


def key_of(files: Iterable[FileState], asked: str) -> str:
    """Return a name for bars that were loaded from these files' content as `asked`.

    It tells apart contents, paths, ways of asking, the code that loads and its libraries; what
    time a file was written makes no difference. Raises OSError when a file cannot be read.
    """
    pieces = [
        (file.path, begin)
        for file in files
        for begin in range(0, max(1, file.size_bytes), _PIECE_BYTES)
    ]
    digest = hashlib.sha256(f"{asked}\n{_code_digest()}".encode())
    for (path, begin), content in zip(pieces, for_each(_piece_digest, pieces), strict=True):
        digest.update(f"\n{path} {begin} {content}".encode())
    return digest.hexdigest()


def _piece_digest(piece: tuple[Path, int]) -> str:
    path, begin = piece
    digest = xxhash.xxh3_128()
    room = memoryview(bytearray(_BUFFER_BYTES))
    left = _PIECE_BYTES
    with path.open("rb", buffering=0) as file:
        file.seek(begin)
        while left > 0 and (count := file.readinto(room[: min(left, _BUFFER_BYTES)])):
            digest.update(room[:count])
            left -= count
    return digest.hexdigest()


@cache
def _code_digest() -> str:
    digest = hashlib.sha256(f"{sys.version_info} {sys.byteorder}".encode())
    for package in (trading, blocks):
        for source in sorted(Path(package.__path__[0]).glob("*.py")):
            digest.update(source.read_bytes())
    for library in LIBRARIES:
        try:
            digest.update(f"{library} {metadata.version(library)}".encode())
        except metadata.PackageNotFoundError:
            digest.update(f"{library} absent".encode())
    return digest.hexdigest()
