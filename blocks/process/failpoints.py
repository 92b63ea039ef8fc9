"""Named edges of the money path, at which a test may end the process."""

from __future__ import annotations

from collections.abc import Callable

_reached: Callable[[str], None] | None = None


def on_reach(hook: Callable[[str], None] | None) -> None:
    """Call `hook` with the name of every edge that is reached from now on; None ends that."""
    global _reached
    _reached = hook


def reach(edge: str) -> None:
    """Say that an edge of the money path is reached."""
    if _reached is not None:
        _reached(edge)
