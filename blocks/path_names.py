"""Names of files and folders that libraries can open."""

from __future__ import annotations

from pathlib import Path

from trading.errors import BadInput


def refuse_odd_name(path: Path) -> None:
    """Raise BadInput for a path whose bytes are no UTF-8: libraries refuse to open it."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"path {str(path)!r} is not written in UTF-8", "Give it another name"
        ) from error
