"""Copies in a local folder."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from trading.errors import StoreUnavailable

STALE_SECONDS = 86_400


class LocalStorage:
    """Keeps each copy as a file; a copy is either whole or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return f"folder {self._folder}"

    def put(self, name: str, content: bytes) -> None:
        """Store content under a name, replacing what was there."""
        target = self._folder / name
        partial = target.with_name(f".{target.name}.partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _sweep(target.parent)
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, target)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise StoreUnavailable(
                f"copy {target} cannot be written: {error.strerror}",
                "Check the folder's permissions and free disk space",
            ) from error

    def get(self, name: str) -> bytes:
        """Return what is stored under a name."""
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise StoreUnavailable(
                f"copy {self._folder / name} cannot be read: {error.strerror}",
                "See which copies there are",
            ) from error

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with a prefix, sorted."""
        files = (
            path.relative_to(self._folder) for path in self._folder.rglob("*") if path.is_file()
        )
        return sorted(
            str(path)
            for path in files
            if str(path).startswith(prefix) and not path.name.startswith(".")
        )

    def delete(self, name: str) -> None:
        """Remove what is stored under a name; nothing happens when it is not there."""
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"copy {self._folder / name} cannot be removed: {error.strerror}",
                "Check the folder's permissions",
            ) from error


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left half written."""
    for left in folder.glob(".*.partial"):
        if left.stat().st_mtime < time.time() - STALE_SECONDS:
            left.unlink(missing_ok=True)
