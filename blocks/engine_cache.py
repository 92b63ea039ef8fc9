"""Where compiled engines are kept between processes."""

from __future__ import annotations

from pathlib import Path

from blocks.process.cache_folder import cache_folder

# Several times what one engine takes.
LEAST_FREE_BYTES = 20_000_000


def engine_cache_folder() -> Path | None:
    """Return the folder `engine` of the user's cache; None where machine code cannot be kept."""
    return cache_folder("engine", LEAST_FREE_BYTES)
