"""Where a supervisor's words for people go."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
