"""The name under which loaded bars are kept: everything that decides what they are."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

import xxhash

from blocks.bars.sources.found import files_on_disk
from trading.market.parallel import for_each

# Loading goes through these; another version of one may read a file differently.
LIBRARIES = (
    "exchange-calendars",
    "korean-lunar-calendar",
    "numpy",
    "pandas",
    "pandas-market-calendars",
    "polars",
    "pyarrow",
    "pyluach",
    "tzdata",
)
# Pieces of a file are hashed side by side, through buffers that stay in the processor's memory.
_PIECE_BYTES = 16_777_216
_BUFFER_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class FileState:
    """A file, folder or link as the system describes it; it differs once it was changed."""

    path: Path
    kind: int
    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


def tree_states(path: Path) -> tuple[FileState, ...]:
    """Return the states of a path and of all below it, links and what they lead to.

    What was there for a moment only has changed its folder. Raises OSError when one has gone.
    """
    return tuple(state for found in _below(path) for state in _states_of(found))


def key_of(path: Path, asked: str) -> str | None:
    """Return a name for bars loaded from the files at a path as `asked`, None where none can be.

    It tells apart contents, paths and ways of asking; what time a file was written makes no
    difference. None are named whose files are no regular ones. Raises BadInput where there are no
    files and OSError when one cannot be read.
    """
    pieces = []
    files, left_out = files_on_disk(path)
    for file in files:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            return None
        pieces += [(file, begin) for begin in range(0, max(1, found.st_size), _PIECE_BYTES)]
    digest = hashlib.sha256(asked.encode("utf-8", "surrogateescape"))
    for file in left_out:
        # Notes name what is not read.
        digest.update(b"\n-%s" % os.fsencode(file))
    for (file, begin), content in zip(pieces, for_each(_piece_digest, pieces), strict=True):
        digest.update(b"\n%s %d %s" % (os.fsencode(file), begin, content))
    return digest.hexdigest()


def code_digest(packages: Iterable[ModuleType]) -> str:
    """Return a hash of the packages' own modules, and of the libraries that loading goes through.

    Call it while the modules are imported: later, files may be those of another version.
    """
    digest = hashlib.sha256(f"{sys.version_info} {sys.byteorder}".encode())
    for package in packages:
        for source in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(source.read_bytes())
    for library in LIBRARIES:
        try:
            digest.update(f"{library} {metadata.version(library)}".encode())
        except metadata.PackageNotFoundError:
            digest.update(f"{library} absent".encode())
    return digest.hexdigest()


def zone_digest(zone: zoneinfo.ZoneInfo) -> str:
    """Return a hash of the system's data on a zone; without any the package tzdata is used."""
    for folder in zoneinfo.TZPATH:
        file = Path(folder) / zone.key
        if file.is_file():
            return hashlib.sha256(file.read_bytes()).hexdigest()
    return "tzdata"


def _piece_digest(piece: tuple[Path, int]) -> bytes:
    path, begin = piece
    digest = xxhash.xxh3_128()
    room = memoryview(bytearray(_BUFFER_BYTES))
    left = _PIECE_BYTES
    # A pipe that has just taken a file's place would wait for somebody to write into it.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
        file.seek(begin)
        while left > 0 and (count := file.readinto(room[: min(left, _BUFFER_BYTES)])):
            digest.update(room[:count])
            left -= count
    return digest.hexdigest().encode()


def _below(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir():
        with os.scandir(path) as scan:
            names = sorted(entry.name for entry in scan)
        for name in names:
            yield from _below(path / name)


def _states_of(path: Path) -> Iterator[FileState]:
    for follow in (False, True):
        found = path.stat(follow_symlinks=follow)
        yield FileState(
            path,
            found.st_mode,
            found.st_dev,
            found.st_ino,
            found.st_size,
            found.st_mtime_ns,
            found.st_ctime_ns,
        )
