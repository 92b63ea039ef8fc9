"""A ledger's answer as a table of the terminal: whole, however wide, so that it can be searched."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from blocks.account.question import Answer


def answer_lines(answer: Answer) -> list[str]:
    """Return the heading, the rows and their count; numbers stand at the right."""
    cells = [[_cell(value) for value in row] for row in answer.rows]
    widths = [
        max(len(name), *(len(row[i]) for row in cells), 0) for i, name in enumerate(answer.columns)
    ]
    is_number = [
        any(isinstance(row[i], int | float | Decimal) for row in answer.rows)
        for i in range(len(answer.columns))
    ]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in [list(answer.columns), ["-" * width for width in widths], *cells]
    ]
    count = len(answer.rows)
    return [*lines, f"({count} row{'' if count == 1 else 's'})"]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)
    # What a ledger holds reaches the terminal as text only.
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
