"""Runs end in states of Prefect's own names: its page's default filter hides all others."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.repository import REPOSITORY

STATES = {"Cancelled", "Completed", "Crashed", "Failed"}


def state_calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((REPOSITORY / "flows").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in STATES
            ):
                yield f"{path.relative_to(REPOSITORY)}:{node.lineno}", node


def test_no_flow_gives_a_state_a_name_of_its_own_and_each_says_what_happened() -> None:
    calls = list(state_calls())
    assert len(calls) > 10
    for where, call in calls:
        assert [keyword.arg for keyword in call.keywords] == ["message"], where
        assert not call.args, where
