"""Names and what each of them is, in two columns that fit the terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping

_GAP = 2
_NARROWEST = 20
# Into a file or a pipe each is one line, so that it can be searched.
_UNWRAPPED = (10_000, 24)


def listed(texts: Mapping[str, str], width: int, indent: int = 0) -> list[str]:
    """Return a line of each name, or more where its text is longer than the terminal is wide."""
    begin = indent + width + _GAP
    columns = max(shutil.get_terminal_size(_UNWRAPPED).columns, begin + _NARROWEST)
    lines: list[str] = []
    for name, text in texts.items():
        head = f"{'':{indent}}{name:{width + _GAP}}"
        lines += textwrap.wrap(
            text, columns, initial_indent=head, subsequent_indent=" " * begin
        ) or [head]
    return lines
