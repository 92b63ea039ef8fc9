"""What a message says in one line: of many symbols the first, and how many more there are."""

from __future__ import annotations

from datetime import UTC, datetime

from trading.session.messages.message import MOST_NAMED, Kind, RangeLevel, RangeMessage


def told(count: int) -> str:
    levels = tuple(RangeLevel(f"S{number}", 101.0, 100.0, 0.5) for number in range(count))
    begun = datetime(2025, 6, 10, 13, 45, tzinfo=UTC)
    return RangeMessage("1", Kind.ORB_ESTABLISHED, begun, levels, "paper").text


def test_a_line_of_the_log_names_a_few_of_five_hundred_ranges() -> None:
    assert told(500).startswith("S0 100.0000-101.0000, S1 100.0000-101.0000, ")
    assert told(500).endswith(" and 480 more")
    assert told(MOST_NAMED).count(", ") == MOST_NAMED - 1
    assert told(1) == "S0 100.0000-101.0000"
