"""What the system said when a file could not be read or written, without a library's frame."""

from __future__ import annotations

import re
from pathlib import Path

from trading.errors import BadInput


def words_of(error: BaseException) -> str:
    """Return the system's words, such as 'No space left on device', or the error's first line."""
    said = (error.strerror if isinstance(error, OSError) else None) or str(error).strip()
    line = (said or type(error).__name__).splitlines()[0]
    # polars wraps what the system says in words on Parquet, which mislead.
    system = re.search(r"([^:]+?) \(os error \d+\)", line)
    return system[1].strip() if system else line


def refuse_odd_name(path: Path) -> None:
    """Raise BadInput for a path whose bytes are no UTF-8: libraries refuse to open it."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"path {str(path)!r} is not written in UTF-8", "Give it another name"
        ) from error
