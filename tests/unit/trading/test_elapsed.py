"""How old something is, as a person would say it."""

from __future__ import annotations

import pytest

from trading.elapsed import elapsed


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"), (0.4, "0 s"), (72, "72 s"), (119.6, "2 min"), (300, "5 min"),
        (843, "14 min 03 s"), (7199, "119 min 59 s"), (10_800, "3 h 00 min"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_said_in_the_units_that_people_use(seconds: float, said: str) -> None:
    assert elapsed(seconds) == said
