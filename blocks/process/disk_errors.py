"""What the system said when a file could not be read or written, without a library's frame."""

from __future__ import annotations

import re


def words_of(error: BaseException) -> str:
    """Return the system's words, such as 'No space left on device', or the error's first line."""
    said = (error.strerror if isinstance(error, OSError) else None) or str(error).strip()
    line = (said or type(error).__name__).splitlines()[0]
    # polars wraps what the system says in words on Parquet, which mislead.
    system = re.search(r"([^:]+?) \(os error \d+\)", line)
    return system[1].strip() if system else line
