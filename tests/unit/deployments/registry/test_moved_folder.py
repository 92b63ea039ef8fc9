"""Which place a moved folder left; what a user chose in the page is not taken for that."""

from __future__ import annotations

import pytest

from deployments.registry.moved_folder import moved_values, old_place

NEW = "/new/data"
OLD = "/old/data"


def test_the_old_place_is_what_the_ledger_block_and_the_deployments_name() -> None:
    assert old_place(OLD, [OLD, OLD], NEW) == OLD


def test_a_deployment_that_somebody_changed_does_not_hold_the_others_back() -> None:
    assert old_place(OLD, [OLD, "/other", OLD], NEW) == OLD


@pytest.mark.parametrize(
    ("ledger", "named"),
    [
        pytest.param(None, [OLD, OLD], id="no block is saved"),
        pytest.param(OLD, [], id="no deployment is to trade here"),
        pytest.param(OLD, [OLD, "/other"], id="a single one may be its user's wish"),
        pytest.param(
            OLD, [OLD, OLD, NEW], id="it was registered here; somebody changed all but one"
        ),
        pytest.param(NEW, [OLD, OLD], id="the block says that it was here"),
        pytest.param("/other", [OLD, OLD], id="the block says something else"),
        pytest.param(NEW, [NEW, NEW], id="it is where it was"),
    ],
)
def test_anything_else_is_left_as_it_is(ledger: str | None, named: list[str]) -> None:
    assert old_place(ledger, named, NEW) is None


def test_what_lay_in_the_old_place_is_named_in_the_new_one() -> None:
    values = {
        "data_dir": "/old/data",
        "folder": "/old/data/copies",
        "path": "/old/database/bars.csv",
        "elsewhere": "/mnt/old/data",
        "seed": 1,
    }
    assert moved_values(values, [OLD], NEW) == {
        "data_dir": "/new/data",
        "folder": "/new/data/copies",
    }


def test_a_place_within_another_is_the_one_that_is_left() -> None:
    values = {"inner": "/old/data/copies", "outer": "/old/bars"}
    assert moved_values(values, ["/old", OLD], NEW) == {
        "inner": "/new/data/copies",
        "outer": "/new/data/bars",
    }


def test_what_names_the_new_place_is_not_moved_into_it_again() -> None:
    assert moved_values({"folder": "/old/data/new/copies"}, [OLD], "/old/data/new") == {}
