"""Where compiled engines are kept between processes."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

# Several times what one engine takes.
LEAST_FREE_BYTES = 20_000_000


def engine_cache_folder() -> Path | None:
    """Return the user's folder for machine code, made if need be; None where it cannot be kept.

    It is `openbell/engine` in XDG_CACHE_HOME, or in ~/.cache.
    """
    root = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The specification says that a relative XDG_CACHE_HOME does not count.
        base = Path(root) if Path(root).is_absolute() else Path.home() / ".cache"
        folder = base / "openbell" / "engine"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            # An empty file can still be made on a full disk.
            return folder if shutil.disk_usage(folder).free >= LEAST_FREE_BYTES else None
    except (OSError, RuntimeError):
        return None
