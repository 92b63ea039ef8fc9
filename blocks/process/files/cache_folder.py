"""The user's folder for what can be made again, and is kept because that takes long."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

Ran = TypeVar("Ran")


def cache_folder(name: str, least_free_bytes: int) -> Path | None:
    """Return a folder of the user's cache, made if need be; None where nothing can be kept.

    It is `openbell/<name>` in XDG_CACHE_HOME, or in ~/.cache, on a disk with so many bytes free.
    """
    root = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The specification says that a relative XDG_CACHE_HOME does not count.
        base = Path(root) if Path(root).is_absolute() else Path.home() / ".cache"
        folder = base / "openbell" / name
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            # An empty file can still be made on a full disk.
            return folder if shutil.disk_usage(folder).free >= least_free_bytes else None
    except (OSError, RuntimeError):
        return None


# Several times what one engine takes.
LEAST_FREE_BYTES = 20_000_000
# Beside Python itself, perhaps read-only: what an installation made of the built-in strategies.
INSTALLED_ENGINES = Path(sys.prefix) / "share" / "openbell" / "engine"


def engine_cache_folder() -> Path | None:
    """Return the folder `engine` of the user's cache; None where machine code cannot be kept.

    What the installation brought is put into it, for who reads machine code may add to it.
    """
    folder = cache_folder("engine", LEAST_FREE_BYTES)
    if folder is not None:
        with suppress(OSError):
            take_installed(folder)
    return folder


def with_engine_cache(run: Callable[[Path | None], Ran]) -> Ran:
    """Return what an engine's run makes with the folder for machine code, or without where not."""
    folder = engine_cache_folder()
    try:
        return run(folder)
    except OSError:
        # An engine touches no file but those of its cache, and runs as well without.
        if folder is None:
            raise
        return run(None)


def take_installed(folder: Path) -> None:
    """Put what the installation brought into a folder, where it has not been put before.

    Below each key lies a folder for each installation, for numba keeps machine code by the place
    of its sources.
    """
    for brought in INSTALLED_ENGINES.glob("*/*"):
        place = folder / brought.relative_to(INSTALLED_ENGINES)
        if place.exists():
            continue
        place.parent.mkdir(exist_ok=True)
        # Whole or not at all; who does the same now may be the first.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as room, suppress(OSError):
            shutil.copytree(brought, Path(room) / brought.name).rename(place)
