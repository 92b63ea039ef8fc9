"""Files that are there whole or not at all, whenever their writer dies."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from trading.errors import StoreUnavailable


def write_whole(path: Path, content: bytes, *, private: bool = True) -> None:
    """Replace a file's content; raises StoreUnavailable and leaves the old.

    It is for its owner alone, or else for whomever the user's mask lets read it.
    """
    place = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: two processes may write at once, and the later one counts.
        descriptor, place = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            if not private:
                os.fchmod(descriptor, 0o666 & ~umask())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(place, path)
    except OSError as error:
        if place:
            with suppress(OSError):
                os.unlink(place)
        raise StoreUnavailable(
            f"{path} cannot be written: {error.strerror}",
            "Check the folder's permissions and free disk space",
        ) from error


def umask() -> int:
    """Return which rights are taken from the files that this process makes."""
    # There is no call that only asks.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def sync_to_disk(path: Path) -> None:
    """Have a file's content, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_whole(path: Path) -> bytes | None:
    """Return a file's content, None where there is none; raises StoreUnavailable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be read: {error.strerror}", "Check its owner and permissions"
        ) from error
