"""Rows as a table of the terminal: whole, however wide, or folded to fit it."""

from __future__ import annotations

import shutil
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


def folded_lines(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    right: Collection[str] = (),
    width: int | None = None,
) -> list[str]:
    """Return a table as several, one below the other, where it is wider than the terminal.

    Each begins with the first column, which tells rows apart. `width` is the terminal's when it
    is left out, and 80 letters where there is none.
    """
    most = shutil.get_terminal_size().columns if width is None else width
    lines: list[str] = []
    rest = list(range(1, len(columns)))
    while rest:
        shown = [0, rest.pop(0)]
        while rest and _widest(columns, rows, right, [*shown, rest[0]]) <= most:
            shown.append(rest.pop(0))
        lines += [""] if lines else []
        lines += _chosen(columns, rows, right, shown)
    return lines or table_lines(columns, rows, right)


def _widest(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    right: Collection[str],
    shown: Sequence[int],
) -> int:
    return max(map(len, _chosen(columns, rows, right, shown)))


def _chosen(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    right: Collection[str],
    shown: Sequence[int],
) -> list[str]:
    return table_lines(
        [columns[at] for at in shown], [[row[at] for at in shown] for row in rows], right
    )


def plain(text: str) -> str:
    """Return text of which nothing reaches the terminal but as text."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return plain(f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value))
