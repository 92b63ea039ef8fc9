"""What was not entered for being late is told in words, and what was not late is not."""

from __future__ import annotations

import pytest

from blocks.account.late_entries import LateEntries


@pytest.mark.parametrize(
    ("late_bars", "late_entries", "words"),
    [
        (0, 0, ""),
        (58, 0, "58 of 77 bars came too late to enter by"),
        (0, 1, "an entry was too late to be sent"),
        (
            2,
            3,
            "2 of 77 bars came too late to enter by, and 3 entries were too late to be sent",
        ),
    ],
)
def test_it_is_told_in_words(late_bars: int, late_entries: int, words: str) -> None:
    assert LateEntries("2025-06-10", 77, late_bars, late_entries).words == words
