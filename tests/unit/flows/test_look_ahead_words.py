"""The look-ahead test says what it cannot see, and only where that may be."""

from __future__ import annotations

import json
from pathlib import Path

from tests.terminal import flows
from tests.unit.trading.strategy_files import write_strategy

BARS = ("--symbols", "AAA", "--start", "2025-06-02", "--end", "2025-06-03", "--cuts", "2")
SAID = "what the strategy's file reads elsewhere"


def test_a_strategys_own_file_may_read_elsewhere_and_the_test_says_that_it_cannot_see_it(
    tmp_path: Path,
) -> None:
    # A strategy that looks tomorrow up in a table beside it passes: only the bars are cut off.
    path = tmp_path / "own.py"
    write_strategy(path)
    done = flows("look-ahead-test", *BARS, "--strategy-file", path)
    assert SAID in done.stdout
    asked = flows("look-ahead-test", *BARS, "--strategy-file", path, "--json")
    assert SAID in json.loads(asked.stdout)["not_covered"]


def test_of_a_built_in_strategy_nothing_is_left_open() -> None:
    done = flows("look-ahead-test", *BARS)
    assert done.returncode == 0
    assert SAID not in done.stdout
