"""Sets that Optuna chooses: by the results, the same for a seed, and counted once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tasks.sweep.optuna_search import BATCH, search
from tasks.sweep.sweep import sweep
from tests.unit.tasks.sweep.small_sweeps import files_of, request_over, write_bars
from trading.errors import BadInput
from trading.sweep.parameter_set import ParameterSet
from trading.sweep.space import parse_space

pytest.importorskip("optuna")
WIDE = parse_space(["x=0:1:0.001", "y=0:1:0.001", "word=good,bad"])


class Hill:
    """A worth that is highest at x 0.7, y 0.2 and the good word; remembers what it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[ParameterSet]] = []

    def __call__(self, sets: Sequence[ParameterSet]) -> dict[int, float]:
        self.batches.append(list(sets))
        return {
            each.number: -((each.values["x"] - 0.7) ** 2) - (each.values["y"] - 0.2) ** 2
            - (each.values["word"] == "bad")
            for each in sets
        }  # fmt: skip


def test_later_sets_are_chosen_by_what_earlier_ones_came_to() -> None:
    hill = Hill()
    chosen = search(WIDE, 120, 1, hill)
    assert [each.number for each in chosen] == list(range(120))
    assert len({tuple(each.values.values()) for each in chosen}) == 120
    worth = [hill([each])[each.number] for each in chosen]
    assert sum(worth[-40:]) > sum(worth[:40]) / 4
    assert max(len(batch) for batch in hill.batches) <= BATCH


def test_a_seed_chooses_the_same_sets_again() -> None:
    assert search(WIDE, 50, 3, Hill()) == search(WIDE, 50, 3, Hill())
    assert search(WIDE, 50, 3, Hill()) != search(WIDE, 50, 4, Hill())
    # The generator behind it takes none that is larger.
    assert len(search(WIDE, 5, 2**64 + 1, Hill())) == 5


def test_all_sets_are_evaluated_where_the_grid_has_no_more() -> None:
    hill = Hill()
    assert len(search(parse_space(["x=0,1", "y=0,1", "word=good"]), 50, 1, hill)) == 4


def test_sets_that_are_refused_end_no_search() -> None:
    assert len(search(WIDE, 30, 1, lambda sets: {})) == 30


@pytest.mark.parametrize("wanted", [0, -5, 10**6])
def test_a_number_that_cannot_be_is_refused(wanted: int) -> None:
    with pytest.raises(BadInput, match=f"--optuna {wanted}"):
        search(WIDE, wanted, 1, Hill())


def test_without_the_package_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(BadInput, match=r"openbell\[optuna\]"):
        search(WIDE, 5, 1, Hill())


def test_a_search_goes_on_where_it_was_and_leaves_the_same_files(tmp_path: Path) -> None:
    bars = write_bars(tmp_path / "bars.parquet")
    grid = ("min_body=0:0.9:0.01", "target_multiple=0.5:4:0.1")
    whole = sweep(request_over(bars, tmp_path / "whole", *grid, optuna=25))
    assert len(whole.results) == 25
    first = files_of(tmp_path / "whole")
    assert sweep(request_over(bars, tmp_path / "whole", *grid, optuna=25)).kept == 25
    assert files_of(tmp_path / "whole") == first
