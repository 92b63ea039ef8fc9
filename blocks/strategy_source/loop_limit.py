"""A strategy that loops for ever is ended: the rounds of its loops are counted.

Rounds and not seconds: how many there are is the same on every machine, in a backtest and in a
session that is folded again from its journal, interpreted and compiled.
"""

from __future__ import annotations

import ast

LOOP_LIMIT = 1_000_000
# What a file prepares once, when it is loaded, may take longer than a call.
LOOP_LIMIT_AT_LOADING = 5_000_000
_ROUNDS = "_rounds_of_all_loops"


def with_loop_limit(tree: ast.Module) -> ast.Module:
    """Return a file whose loops end: after LOOP_LIMIT rounds in one call of a function.

    A file may say `LOOP_LIMIT = 5_000_000` for itself.
    """
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    most = _own_limit(tree) or LOOP_LIMIT
    for function in functions:
        _limit(function, most, "in one call, which is LOOP_LIMIT")
    _limit(tree, LOOP_LIMIT_AT_LOADING, "while the file was loaded")
    return ast.fix_missing_locations(tree)


def _own_limit(tree: ast.Module) -> int:
    """Return the limit that a file says, 0 for none."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            most = statement.value.value
            if "LOOP_LIMIT" in names and isinstance(most, int) and most > 0:
                return most
    return 0


def _limit(
    owner: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef, most: int, when: str
) -> None:
    loops = [node for node in _run_by(owner) if isinstance(node, ast.For | ast.While)]
    said = f"its loops went round more than {most:,} times {when}"
    for loop in loops:
        loop.body[:0] = [
            _standing_at(loop, f"{_ROUNDS} += 1"),
            # Builtin, for machine code knows no class that the file does not import.
            _standing_at(loop, f"if {_ROUNDS} > {most}: raise TimeoutError({said!r})"),
        ]
    if loops:
        first = 0
        while first < len(owner.body) and _has_to_be_first(owner.body[first]):
            first += 1
        owner.body.insert(first, _standing_at(owner.body[0], f"{_ROUNDS} = 0"))


def _has_to_be_first(statement: ast.stmt) -> bool:
    """Return whether a statement is a docstring or of `from __future__`."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _standing_at(place: ast.stmt, source: str) -> ast.stmt:
    """Return a statement that stands, for who reads a traceback, in the line of `place`."""
    statement = ast.parse(source).body[0]
    for node in ast.walk(statement):
        if isinstance(node, ast.stmt | ast.expr):
            node.lineno = node.end_lineno = place.lineno
            node.col_offset = node.end_col_offset = place.col_offset
    return statement


def _run_by(owner: ast.AST) -> list[ast.AST]:
    """Return the nodes that run when `owner` does, and not when an inner function is called."""
    found: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(owner))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found
