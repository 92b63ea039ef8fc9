"""A table that is wider than the terminal is folded, and keeps every value."""

from __future__ import annotations

import pytest

from flows.pages.text_table import folded_lines, table_lines

COLUMNS = ("session", "decisions", "a long heading", "fills", "USD")
ROWS = [("2025-06-04", 1_170, "not kept", "12/12", -3.25), ("2025-06-05", 9, "agrees", "0/0", None)]


@pytest.mark.parametrize("width", [20, 30, 40, 60])
def test_a_table_is_folded_to_the_width_and_loses_nothing(width: int) -> None:
    lines = folded_lines(COLUMNS, ROWS, width=width)
    assert max(map(len, lines)) <= max(width, len("session     a long heading"))
    words = " ".join(lines).split()
    for column in COLUMNS:
        assert all(word in words for word in column.split())
    for row in ROWS:
        assert all(
            word in words for value in row if value is not None for word in str(value).split()
        )
    # Each table begins with what tells its rows apart.
    assert words.count("2025-06-04") == lines.count("") + 1


def test_a_table_that_fits_is_whole() -> None:
    assert folded_lines(COLUMNS, ROWS, width=80) == table_lines(COLUMNS, ROWS)
