"""What is left for `make soak` is there, and so is what stands for it in `make test`."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.left_for_soak import KEPT_BY, KEPT_ROWS, is_left
from tests.repository import REPOSITORY


@cache
def names_in(file: str) -> set[str]:
    body = ast.parse((REPOSITORY / file).read_text()).body
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {each.name for each in body if isinstance(each, functions)}


def test_each_test_that_is_named_is_there() -> None:
    for nodeid in (*KEPT_ROWS, *KEPT_BY, *KEPT_BY.values()):
        file, has_test, name = nodeid.partition("::")
        assert any(each.startswith("test_") for each in names_in(file)), file
        assert not has_test or name in names_in(file), nodeid


def test_what_stands_for_another_stays() -> None:
    for nodeid in KEPT_BY.values():
        file, has_test, name = nodeid.partition("::")
        names = [name] if has_test else names_in(file)
        stay = [each for each in names if each.startswith("test_")]
        assert [each for each in stay if not is_left(f"{file}::{each}")], nodeid


def test_of_each_test_with_rows_those_that_stay_are_there(request: pytest.FixtureRequest) -> None:
    given = request.config.args
    collected = {item.nodeid for item in request.session.items}
    files = {nodeid.partition("::")[0] for nodeid in collected}
    if request.config.option.keyword or any("::" in each for each in given):
        files = set()
    for test, rows in KEPT_ROWS.items():
        if test.partition("::")[0] in files:
            assert {f"{test}[{row}]" for row in rows} <= collected
