"""Rows as a table of the terminal: whole, however wide, so that it can be searched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Collection[str] = ()
) -> list[str]:
    """Return the heading, a rule and the rows; numbers and the `right` columns stand right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(name), *(len(row[i]) for row in cells), 0) for i, name in enumerate(columns)]
    is_number = [
        name in right or any(isinstance(row[i], int | float | Decimal) for row in rows)
        for i, name in enumerate(columns)
    ]
    return [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in [list(columns), ["-" * width for width in widths], *cells]
    ]


def plain(text: str) -> str:
    """Return text of which nothing reaches the terminal but as text."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return plain(f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value))
