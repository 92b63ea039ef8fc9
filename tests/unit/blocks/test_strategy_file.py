"""What a strategy file must hold, and what is said of one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.strategy_file import load_strategy
from tests.unit.trading.strategy_files import write_strategy
from trading.errors import BadInput


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ("def screen(close, low):\n    return close > low", "screen takes 2 arguments and not 8"),
        ("screen = 5", "no function screen"),
    ],
)
def test_a_helper_called_screen_is_told_from_the_engines(
    tmp_path: Path, extra: str, text: str
) -> None:
    path = tmp_path / "screened.py"
    write_strategy(path, extra=extra)
    with pytest.raises(BadInput, match=text):
        load_strategy(path)


def test_a_strategy_without_a_screen_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    write_strategy(path)
    assert load_strategy(path).MEMORY == 2
