"""What a strategy's text tells before it runs: memory that does not exist, calls without end."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from trading.errors import BadInput

_WITH_MEMORY = frozenset({"observe", "signal", "leave", "screen"})


def refuse_beyond_memory(tree: ast.Module, names: Mapping[str, object], file: str) -> None:
    """Raise BadInput for the first line that names an element of memory beyond MEMORY.

    One that is computed is found when it is used.
    """
    room = names["MEMORY"]
    assert isinstance(room, int)
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef) or function.name not in _WITH_MEMORY:
            continue
        own = {
            node.id for node in ast.walk(function) if isinstance(node, ast.Name) and _is_set(node)
        }
        memory = function.args.args[1].arg
        if memory in own:
            continue
        known = {name: value for name, value in names.items() if name not in own}
        for element in _elements(function, memory):
            index = _constant(element.slice, known)
            if index is not None and not -room <= index < room:
                raise BadInput(
                    f"strategy file {file}, line {element.lineno}: {ast.unparse(element)} is"
                    f" beyond MEMORY, which is {room}",
                    f"Use elements up to {room - 1}, or set MEMORY higher"
                    if room
                    else "Set MEMORY higher",
                )


def refuse_recursion(tree: ast.Module, file: str) -> None:
    """Raise BadInput for a function of the file that calls itself, also by way of others.

    Functions are joined to the engine each with those that it calls, and machine code that never
    came back would end the process.
    """
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    calls = {
        name: {
            node.id
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and node.id in functions
        }
        for name, function in functions.items()
    }
    for name, function in functions.items():
        reached: set[str] = set()
        waiting = set(calls[name])
        while waiting:
            one = waiting.pop()
            reached.add(one)
            waiting |= calls[one] - reached
        if name in reached:
            raise BadInput(
                f"strategy file {file}, line {function.lineno}: {name} calls itself",
                "Write it as a loop",
            )


def _elements(function: ast.FunctionDef, memory: str) -> list[ast.Subscript]:
    found = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == memory
    ]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _is_set(name: ast.Name) -> bool:
    return not isinstance(name.ctx, ast.Load)


def _constant(index: ast.expr, names: Mapping[str, object]) -> int | None:
    """Return the number that an index is in every call, None where it may differ."""
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub):
        inner = _constant(index.operand, names)
        return None if inner is None else -inner
    if isinstance(index, ast.Constant):
        value: object = index.value
    elif isinstance(index, ast.Name):
        value = names.get(index.id)
    else:
        return None
    return value if isinstance(value, int) else None
