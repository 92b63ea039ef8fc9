"""A data folder that was moved is followed; what a user chose in the page is not taken for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.registry.moved_folder import moved_values, old_place

NEW = Path("/new/data")
OLD = {"data_dir": "/old/data"}


def test_the_old_place_is_what_all_deployments_name() -> None:
    assert old_place([OLD, {**OLD, "symbols": ["A"]}, {"hours": 1}], NEW) == "/old/data"


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param([], id="nothing is registered"),
        pytest.param([OLD], id="a single one may be its user's wish"),
        pytest.param([OLD, {"data_dir": "/other"}], id="somebody changed one"),
        pytest.param([OLD, {"data_dir": str(NEW)}], id="somebody changed all but one"),
        pytest.param([{"data_dir": str(NEW)}] * 2, id="it is where it was"),
        pytest.param([{"data_dir": None}] * 2, id="the ledger block says"),
    ],
)
def test_anything_else_is_left_as_it_is(parameters: list[dict[str, object]]) -> None:
    assert old_place(parameters, NEW) is None


def test_what_lay_in_the_old_place_is_named_in_the_new_one() -> None:
    values = {
        "data_dir": "/old/data",
        "folder": "/old/data/copies",
        "path": "/old/database/bars.csv",
        "elsewhere": "/mnt/old/data",
        "seed": 1,
    }
    assert moved_values(values, "/old/data", NEW) == {
        "data_dir": "/new/data",
        "folder": "/new/data/copies",
    }
