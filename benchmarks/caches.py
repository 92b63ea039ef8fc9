"""Where benchmarks keep what takes long to make."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return where generated bars and compiled code are kept between benchmarks."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "openbell" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
